"""Swagger UI from local files: no CDN, so it works offline and under a strict content policy."""

from collections.abc import Iterable
from importlib.resources import files

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.docs import get_swagger_ui_html, get_swagger_ui_oauth2_redirect_html
from fastapi.staticfiles import StaticFiles
from pydantic import AnyHttpUrl
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from chassis.web.routing import PlainRoute
from chassis.web.security_headers import CONTENT_POLICY, page_policy

_OPENAPI = "/openapi.json"
_DOCS = "/docs"
_ASSETS = "/docs/assets"
_REDIRECT = "/docs/oauth2-redirect"
_NO_ICON = "data:,"
_LOOPBACK = ("127.0.0.1", "localhost")
_COLOURS = """<script>
const dark = matchMedia("(prefers-color-scheme: dark)")
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches)
dark.addEventListener("change", follow)
follow()
</script>
</head>"""
"""Swagger UI has a dark scheme, but this layout of it does not switch to it."""


def add_docs(app: FastAPI, login: str | None) -> None:
    """
    Serve ``/openapi.json`` and ``/docs``, its files from the package fastapi-offline; ``/`` leads there.

    Args:
        login: The address that the Authorize button logs in at; None if it is not known.
    """
    router = APIRouter(route_class=PlainRoute, include_in_schema=False)
    assets = StaticFiles(directory=str(files("fastapi_offline") / "static"))

    @router.get("/")
    async def root() -> RedirectResponse:
        return RedirectResponse(_DOCS)

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
    page = bytes(docs.body).decode().replace("</head>", _COLOURS)
    _add_page(router, _DOCS, page, login)
    _add_page(router, _REDIRECT, bytes(get_swagger_ui_oauth2_redirect_html().body).decode())
    app.router.routes.extend(router.routes)


def docs_origins(services: Iterable[AnyHttpUrl]) -> tuple[str, ...]:
    """Return the origins of the documentation of *services*; a loopback address has several names."""
    hosts = [(url, host) for url in services for host in (_LOOPBACK if url.host in _LOOPBACK else (url.host,))]
    return tuple(
        str(AnyHttpUrl.build(scheme=url.scheme, host=host or "", port=url.port)).rstrip("/") for url, host in hosts
    )


def _add_page(router: APIRouter, path: str, html: str, calls: str | None = None) -> None:
    headers = {CONTENT_POLICY: page_policy(html, calls)}

    @router.get(path)
    async def show() -> HTMLResponse:
        return HTMLResponse(html, headers=headers)
