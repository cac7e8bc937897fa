"""A route for each route of another service that people use."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Annotated

from fastapi import Depends, Request, Response

from chassis.core.errors import NotFound
from chassis.dependencies import Dispatch
from chassis.sealing.access import Access, Mode
from chassis.sealing.wire import COMMUNICATION
from chassis.web.policy import RoutePolicy
from chassis.web.routing import Route, Router
from gateway.front_door.forward import forward_sealed, forward_streamed
from gateway.front_door.table import Open, Table

Endpoint = Callable[..., Awaitable[Response]]
_MARK = COMMUNICATION.decode()
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


async def _until_sent() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


UntilSent = Annotated[AsyncExitStack, Depends(_until_sent)]
"""Closed when the answer was sent, or the client has left."""


def front_door(table: Table) -> Router:
    """
    Return the routes: each request is sent on to its service, which checks tokens, keys and values.

    Routes between services are not found here. They come first, as the template of another route may match them.
    """
    router = Router("", "front door")
    for path in table.closed:
        router.routes += [_route(path, method, _not_found, Access(Mode.PUBLIC, passes_seals=True)) for method in _METHODS]
    for one in table.open:
        endpoint = _sealed(one) if one.sealed else _streamed(one)
        access = Access(Mode.PUBLIC, max_body=one.max_body, gzip=one.gzip, passes_seals=True)
        router.routes.append(_route(one.path, one.method, endpoint, access))
    return router


def _route(path: str, method: str, endpoint: Endpoint, access: Access) -> Route:
    policy = RoutePolicy(access, forwarded=True)
    return Route(path, endpoint, policy, methods=[method], response_model=None, include_in_schema=False)


def _sealed(one: Open) -> Endpoint:
    async def forward(request: Request, dispatcher: Dispatch, until_sent: UntilSent) -> Response:
        """Send the request on, sealed; as it is if a program has sealed it for the service."""
        if _MARK in request.headers:
            return await forward_streamed(one, request, dispatcher, until_sent)
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
