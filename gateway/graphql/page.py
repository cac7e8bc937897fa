"""A page for trying GraphQL, in development: one file, without a library (docs/decisions/0037-graphql-over-http.md)."""

from html import escape
from pathlib import Path

import strawberry
from fastapi.responses import HTMLResponse

from chassis.web.security_headers import CONTENT_POLICY, page_policy

_FILE = Path(__file__).with_name("page.html")


class SchemaPage:
    """The page, which shows the schema, too."""

    def __init__(self, schema: strawberry.Schema) -> None:
        self._html = _FILE.read_text(encoding="utf-8").replace("@schema", escape(schema.as_str()))
        self._headers = {CONTENT_POLICY: page_policy(self._html), "Cache-Control": "no-store"}

    def answer(self) -> HTMLResponse:
        """Answer a browser."""
        return HTMLResponse(self._html, headers=self._headers)
