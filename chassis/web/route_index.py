"""An index of routes by the beginning of their paths: the framework compares a request with one route after another."""

from copy import copy

from fastapi import APIRouter
from starlette.routing import BaseRoute
from starlette.types import Receive, Scope, Send

from chassis.web.routing import PlainRoute

_SEGMENTS = 3
"""As in ``/api/v1/orders``."""


def index_routes(router: APIRouter) -> None:
    """
    Compare each request only with the routes that begin like its path, in their order.

    Routes that are added later are not found.
    """
    places = [(_place_of(route), route) for route in router.routes]
    anywhere = _with(router, [route for place, route in places if place is None])
    index = {
        place: _with(router, [route for other, route in places if other in {place, None}])
        for place in {place for place, _ in places}
    }

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        part = index.get(_beginning(scope["path"]), anywhere) if scope["type"] == "http" else router
        await part.app(scope, receive, send)

    router.middleware_stack = serve


def _place_of(route: BaseRoute) -> str | None:
    """Return the beginning that all paths of a route have; None if they have different ones."""
    if not isinstance(route, PlainRoute):
        return None
    literal, parameter, _ = route.path.partition("{")
    return _beginning(literal) if not parameter or literal.count("/") > _SEGMENTS else None


def _beginning(path: str) -> str:
    return "/".join(path.split("/", _SEGMENTS + 1)[: _SEGMENTS + 1])


def _with(router: APIRouter, routes: list[BaseRoute]) -> APIRouter:
    part = copy(router)
    part.routes = routes
    return part
