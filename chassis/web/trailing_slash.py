"""Addresses that end with a slash: ``/api/v1/orders/`` is answered 308 with ``/api/v1/orders``, if there is a route."""

from starlette.responses import RedirectResponse
from starlette.routing import Match, Router
from starlette.types import Receive, Scope, Send

_PERMANENT = 308
"""Method and body stay the same (RFC 9110, 15.4.9)."""


def redirect_trailing_slashes(router: Router) -> None:
    """Answer an address without a route by the one without its slashes at the end, in place of a 404."""
    not_found = router.default

    async def redirect(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"].endswith("/") and _has_route(router, {**scope, "path": scope["path"].rstrip("/")}):
            # Not the framework's redirect: that one contains the Host header, which any client chooses.
            address = scope["raw_path"].rstrip(b"/") + (b"?" + scope["query_string"] if scope["query_string"] else b"")
            await RedirectResponse(address.decode("latin-1"), _PERMANENT)(scope, receive, send)
        else:
            await not_found(scope, receive, send)

    router.default = redirect


def _has_route(router: Router, scope: Scope) -> bool:
    return any(route.matches(scope)[0] is not Match.NONE for route in router.routes)
