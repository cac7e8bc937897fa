"""One OpenAPI description: the gateway's own routes, and those of all services behind it."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import FastAPI

_FILE = Path(__file__).with_name("openapi.yaml")
"""JSON after a first line that is a comment; `bin/cli render` writes it."""


def describe_services(app: FastAPI) -> None:
    """Add the services' routes to the description of the gateway, when it is first asked for."""
    own = app.openapi

    @cache
    def openapi() -> dict[str, Any]:
        document, others = own(), json.loads(_FILE.read_text(encoding="utf-8").partition("\n")[2])
        document["paths"] |= others["paths"]
        document["tags"] = [*document.get("tags", []), *others["tags"]]
        for kind, components in others["components"].items():
            document["components"][kind] = components | document["components"].get(kind, {})
        return document

    app.openapi = openapi  # type: ignore[method-assign]
