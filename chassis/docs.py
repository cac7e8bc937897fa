"""Swagger UI from local files: no CDN, so it works offline and under a strict content policy."""

from importlib.resources import files
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.docs import get_swagger_ui_html, get_swagger_ui_oauth2_redirect_html
from fastapi.staticfiles import StaticFiles
from pydantic.json_schema import models_json_schema
from starlette.responses import HTMLResponse, JSONResponse, Response

from chassis.browsers import CONTENT_POLICY, page_policy
from chassis.errors import Problem
from chassis.routing import PlainRoute

_SCHEMAS = "#/components/schemas/{model}"
_OPENAPI = "/openapi.json"
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
    """Serve ``/openapi.json`` and ``/docs``, its files from the package fastapi-offline."""
    router = APIRouter(route_class=PlainRoute, include_in_schema=False)
    assets = StaticFiles(directory=str(files("fastapi_offline") / "static"))

    @router.get(_OPENAPI)
    async def openapi() -> JSONResponse:
        return JSONResponse(app.openapi())

    @router.get(f"{_ASSETS}/{{name}}")
    async def asset(name: str, request: Request) -> Response:
        return await assets.get_response(name, request.scope)

    docs = get_swagger_ui_html(
        openapi_url=_OPENAPI,
        title=app.title,
        swagger_js_url=f"{_ASSETS}/swagger-ui-bundle.js",
        swagger_css_url=f"{_ASSETS}/swagger-ui.css",
        swagger_favicon_url=_NO_ICON,
        oauth2_redirect_url=_REDIRECT,
        swagger_ui_parameters={"persistAuthorization": True, "displayRequestDuration": True},
    )
    _add_page(router, "/docs", docs)
    _add_page(router, _REDIRECT, get_swagger_ui_oauth2_redirect_html())
    app.router.routes.extend(router.routes)


def _add_page(router: APIRouter, path: str, page: HTMLResponse) -> None:
    html = bytes(page.body).decode()
    headers = {CONTENT_POLICY: page_policy(html)}

    @router.get(path)
    async def show() -> HTMLResponse:
        return HTMLResponse(html, headers=headers)
