"""A route for each route of another service that people use."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from fastapi import Request, Response
from starlette.routing import Match, compile_path
from starlette.types import Scope

from chassis.application import application_of
from chassis.dependencies import Dispatch
from chassis.dispatch.transport import CALLS_AT_A_TIME
from chassis.sealing.access import Access, Mode
from chassis.web.policy import RoutePolicy
from chassis.web.routing import Route, Router
from gateway.front_door.forward import forward_sealed, forward_streamed
from gateway.front_door.table import Open, Table
from gateway.until_sent import UntilSent

Endpoint = Callable[..., Awaitable[Response]]
_SEALED_SHARE = 4
"""A sealed message is up to 8/3 as long as its body, and has headers inside, too; a service caps it as any body."""
_AT_ONCE = CALLS_AT_A_TIME // 2
"""Sealed requests of one route that are under way in a process: a slow one leaves connections for the others."""


class ForwardingRoute(Route):
    """
    A route whose requests are sent on to a service, which checks tokens, keys and values.

    Args:
        closed: The templates of routes between services, which its own may match, too. They are not found here.
    """

    def __init__(self, one: Open, max_body: int, closed: Sequence[str]) -> None:
        endpoint: Endpoint = _sealed(one) if one.sealed else _streamed(one)
        options: dict[str, Any] = {"methods": [one.method], "response_model": None, "include_in_schema": False}
        policy = RoutePolicy(Access(Mode.PUBLIC, max_body=max_body, gzip=one.gzip), forwarded=True)
        super().__init__(one.path, endpoint, policy, **options)
        # A path without parameters is its own; one with the same template as a closed one has another method.
        self._closed = [compile_path(path)[0] for path in closed if self.param_convertors and path != one.path]

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match no path that is closed."""
        match, child_scope = super().matches(scope)
        if match is not Match.NONE and any(path.match(scope["path"]) for path in self._closed):
            return Match.NONE, {}
        return match, child_scope


def front_door(table: Table, max_body: int) -> Router:
    """
    Return the routes.

    Args:
        max_body: The cap on bodies of the services, in bytes, where a route has none of its own.
    """
    router = Router("", "front door")
    for one in table.open:
        cap = one.max_body or max_body
        router.routes.append(ForwardingRoute(one, cap // _SEALED_SHARE if one.sealed else cap, table.closed))
    return router


def _sealed(one: Open) -> Endpoint:
    turns = asyncio.Semaphore(_AT_ONCE)

    async def forward(request: Request, dispatcher: Dispatch) -> Response:
        """Send the request on, sealed."""
        async with turns:
            return await forward_sealed(one, request, dispatcher)

    return forward


def _streamed(one: Open) -> Endpoint:
    async def forward(request: Request, dispatcher: Dispatch, until_sent: UntilSent) -> Response:
        """Send the request on, and stream the answer."""
        draining = application_of(request.app).draining
        return await forward_streamed(one, request, dispatcher, draining, until_sent)

    return forward
