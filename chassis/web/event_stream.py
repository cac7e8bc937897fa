"""Server-sent events: streams that end with the client's patience, its token or the service."""

import asyncio
from collections.abc import Awaitable, Callable

from fastapi import Request
from starlette.requests import ClientDisconnect
from starlette.responses import StreamingResponse
from starlette.types import Message, Send

from chassis.application import application_of
from chassis.core.errors import AppError
from chassis.dependencies import token_of

HEARTBEAT_S = 15.0
"""How often a comment is sent, so that proxies keep the connection open; then the access token is checked, too."""
PATIENCE_S = 30.0
"""How long a client may read nothing of what is sent, seconds."""
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
"""The second header is nginx's: it passes each event on at once."""


class EventStream(StreamingResponse):
    """Server-sent events that end if the client does not read."""

    media_type = "text/event-stream"

    async def stream_response(self, send: Send) -> None:
        """Send, and stop if the client reads nothing for 30 s."""

        async def impatient(message: Message) -> None:
            try:
                async with asyncio.timeout(PATIENCE_S):
                    await send(message)
            except TimeoutError:
                raise ClientDisconnect from None

        await super().stream_response(impatient)


def still_allowed(request: Request) -> Callable[[], Awaitable[bool]]:
    """Return a function that checks the request's token again: it may have expired, or its session may have ended."""
    token = token_of(request)

    async def is_allowed() -> bool:
        try:
            await application_of(request.app).tokens.verify(token)
        except AppError:
            return False
        return True

    return is_allowed
