"""Swagger UI from local files: no CDN, so it works offline and under a strict content policy."""

from collections.abc import Iterator
from importlib.resources import files
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.docs import get_swagger_ui_html, get_swagger_ui_oauth2_redirect_html
from fastapi.staticfiles import StaticFiles
from pydantic.json_schema import models_json_schema
from starlette.responses import HTMLResponse, JSONResponse, Response

from chassis.core.errors import (
    AppError,
    BadRequest,
    DeadlineExceeded,
    HeadersTooLarge,
    InvalidRequest,
    OAuthProblem,
    PayloadTooLarge,
    Problem,
    RequestTimeout,
    ServiceUnavailable,
    Unauthenticated,
    UnsupportedMediaType,
    UriTooLong,
    documented,
)
from chassis.dependencies import TOKEN_SCHEME
from chassis.sealing.access import Mode
from chassis.sealing.body import Overloaded
from chassis.sealing.headers import EncryptionUnavailable, HeaderConflict, InvalidEncryptResponse, InvalidInnerHeader
from chassis.sealing.server import EncryptionRequired, MalformedEnvelope
from chassis.web.routing import PlainRoute, Route
from chassis.web.security_headers import CONTENT_POLICY, page_policy

_SCHEMAS = "#/components/schemas/{model}"
_OPENAPI = "/openapi.json"
_ASSETS = "/docs/assets"
_REDIRECT = "/docs/oauth2-redirect"
_NO_ICON = "data:,"
_TOKEN = {"type": "http", "scheme": "bearer", "description": "The access token of a login at the user service."}
_BY_THE_SERVER = (RequestTimeout, UriTooLong, HeadersTooLarge)
"""Answered before routing (``chassis/web/http_protocol.py``)."""


def describe_problems(app: FastAPI) -> None:
    """
    Add to the OpenAPI description the problems that follow from each route's policy and dependencies.

    The refusals of a service itself (404, 409, 429 …) are declared at its routes (``documented``).
    """
    generate = app.openapi
    _, definitions = models_json_schema(
        [(one, "serialization") for one in (Problem, OAuthProblem)], ref_template=_SCHEMAS
    )

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            for route in app.routes:
                if isinstance(route, PlainRoute):
                    route.responses = documented(*_implied_errors(route), beside=route.responses)
            components = generate().setdefault("components", {})
            components.setdefault("schemas", {}).update(definitions["$defs"])
            components["securitySchemes"] = {TOKEN_SCHEME: _TOKEN}
        return generate()

    app.openapi = openapi  # type: ignore[method-assign]


def describe_login(app: FastAPI, path: str) -> None:
    """Make Swagger's Authorize button log in, in the service with the login route (OAuth2, password flow)."""
    generate = app.openapi
    flow = {"type": "oauth2", "flows": {"password": {"tokenUrl": path, "scopes": {}}}}

    def openapi() -> dict[str, Any]:
        generate()["components"]["securitySchemes"][TOKEN_SCHEME] = flow
        return generate()

    app.openapi = openapi  # type: ignore[method-assign]


def _implied_errors(route: PlainRoute) -> Iterator[type[AppError]]:
    yield from _BY_THE_SERVER
    yield from (BadRequest, InvalidEncryptResponse, EncryptionUnavailable, AppError)
    if not isinstance(route, Route):
        return
    yield from (InvalidRequest, PayloadTooLarge, UnsupportedMediaType, Overloaded, ServiceUnavailable, DeadlineExceeded)
    access = route.policy.access
    if access.mode in {Mode.SERVICE, Mode.ENCRYPTED}:
        yield EncryptionRequired
    if access.mode is not Mode.PUBLIC:
        yield from (MalformedEnvelope, HeaderConflict, InvalidInnerHeader, Unauthenticated)
    yield from route.policy.errors()


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
