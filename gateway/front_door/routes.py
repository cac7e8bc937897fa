"""A route for each route of another service that people use."""

from collections.abc import Awaitable, Callable

from fastapi import Request, Response

from chassis.core.errors import NotFound
from chassis.dependencies import Dispatch
from chassis.sealing.access import Access, Mode
from chassis.web.policy import RoutePolicy
from chassis.web.routing import Route, Router
from gateway.front_door.forward import forward_sealed, forward_streamed
from gateway.front_door.table import Open, Table
from gateway.until_sent import UntilSent

Endpoint = Callable[..., Awaitable[Response]]
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def front_door(table: Table) -> Router:
    """
    Return the routes: each request is sent on to its service, which checks tokens, keys and values.

    Routes between services are not found here. They come first, as the template of another route may match them.
    """
    router = Router("", "front door")
    for path in table.closed:
        router.routes += [_route(path, method, _not_found, Access(Mode.PUBLIC)) for method in _METHODS]
    for one in table.open:
        endpoint = _sealed(one) if one.sealed else _streamed(one)
        access = Access(Mode.PUBLIC, max_body=one.max_body, gzip=one.gzip)
        router.routes.append(_route(one.path, one.method, endpoint, access))
    return router


def _route(path: str, method: str, endpoint: Endpoint, access: Access) -> Route:
    policy = RoutePolicy(access, forwarded=True)
    return Route(path, endpoint, policy, methods=[method], response_model=None, include_in_schema=False)


def _sealed(one: Open) -> Endpoint:
    async def forward(request: Request, dispatcher: Dispatch) -> Response:
        """Send the request on, sealed."""
        return await forward_sealed(one, request, dispatcher)

    return forward


def _streamed(one: Open) -> Endpoint:
    async def forward(request: Request, dispatcher: Dispatch, until_sent: UntilSent) -> Response:
        """Send the request on, and stream the answer."""
        return await forward_streamed(one, request, dispatcher, until_sent)

    return forward


async def _not_found() -> Response:
    """Hide a route between services."""
    raise NotFound
