"""Swagger UI from local files: no CDN, so it works offline and under a strict content policy."""

from importlib.resources import files
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html, get_swagger_ui_oauth2_redirect_html
from fastapi.staticfiles import StaticFiles
from pydantic.json_schema import models_json_schema
from starlette.responses import HTMLResponse

from chassis.browsers import CONTENT_POLICY, page_policy
from chassis.errors import Problem

_SCHEMAS = "#/components/schemas/{model}"
_ASSETS = "/docs/assets"
_REDIRECT = "/docs/oauth2-redirect"
_NO_ICON = "data:,"


def describe_problems(app: FastAPI) -> None:
    """Add the schema of problem documents to the OpenAPI description, which every documented error refers to."""
    generate = app.openapi
    _, definitions = models_json_schema([(Problem, "serialization")], ref_template=_SCHEMAS)

    def openapi() -> dict[str, Any]:
        document = generate()
        document.setdefault("components", {}).setdefault("schemas", {}).update(definitions["$defs"])
        return document

    app.openapi = openapi  # type: ignore[method-assign]


def add_docs(app: FastAPI) -> None:
    """Serve ``/docs``, its files from the package fastapi-offline."""
    app.mount(_ASSETS, StaticFiles(directory=str(files("fastapi_offline") / "static")), name="docs-assets")
    docs = get_swagger_ui_html(
        openapi_url="/openapi.json",
        title=app.title,
        swagger_js_url=f"{_ASSETS}/swagger-ui-bundle.js",
        swagger_css_url=f"{_ASSETS}/swagger-ui.css",
        swagger_favicon_url=_NO_ICON,
        oauth2_redirect_url=_REDIRECT,
        swagger_ui_parameters={"persistAuthorization": True, "displayRequestDuration": True},
    )
    _add_page(app, "/docs", docs)
    _add_page(app, _REDIRECT, get_swagger_ui_oauth2_redirect_html())


def _add_page(app: FastAPI, path: str, page: HTMLResponse) -> None:
    html = bytes(page.body).decode()
    headers = {CONTENT_POLICY: page_policy(html)}

    @app.get(path, include_in_schema=False)
    async def show() -> HTMLResponse:
        return HTMLResponse(html, headers=headers)
