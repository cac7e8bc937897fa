"""Events while they come."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request
from starlette.requests import ClientDisconnect
from starlette.responses import StreamingResponse
from starlette.types import Message, Send

from analytics.live.change_stream import Reader, TooManyReaders, TooManyStreams
from analytics.live.stream_events import stream_events
from analytics.parts import parts_of
from chassis.application import application_of
from chassis.core.errors import AppError, documented
from chassis.dependencies import ANALYST, CurrentUser, token_of
from chassis.sealing.access import public
from chassis.web.routing import service_router

PATIENCE_S = 30.0
"""For how long a client may take nothing of what is sent."""
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
"""The second is nginx's: each event passes it at once."""

router = service_router("analytics")


class EventStream(StreamingResponse):
    """Server-sent events, which a client who does not read cannot hold open."""

    media_type = "text/event-stream"

    async def stream_response(self, send: Send) -> None:
        """Send, and give up who takes nothing for 30 s."""

        async def impatient(message: Message) -> None:
            try:
                async with asyncio.timeout(PATIENCE_S):
                    await send(message)
            except TimeoutError:
                raise ClientDisconnect from None

        await super().stream_response(impatient)


async def _reader(request: Request, analyst: CurrentUser) -> AsyncIterator[Reader]:
    with parts_of(request).live.reading(analyst.user_id) as reader:
        yield reader


def _still_allowed(request: Request) -> Callable[[], Awaitable[bool]]:
    """Make what checks the request's token again: it may have expired meanwhile, or its session may have ended."""
    token = token_of(request)

    async def is_allowed() -> bool:
        try:
            await application_of(request.app).tokens.verify(token)
        except AppError:
            return False
        return True

    return is_allowed


@router.get(
    "/events/live",
    access=public(),
    auth=ANALYST,
    response_class=EventStream,
    responses=documented(TooManyStreams, TooManyReaders),
)
async def live(request: Request, reader: Annotated[Reader, Depends(_reader)]) -> EventStream:
    """
    Watch events as they are stored (server-sent events); never sealed, for a seal needs the whole answer.

    `open` says that nothing is missed from here on, `overrun` how many events were too many for this reader. The
    stream ends with the service, and within 15 s of the access token.
    """
    draining = application_of(request.app).draining
    events = stream_events(reader, _still_allowed(request), lambda: draining.has_begun)
    return EventStream(events, headers=_HEADERS)
