"""Streaming new events to a reader."""

from collections.abc import AsyncIterator, Awaitable, Callable
from time import monotonic

from fastapi.sse import KEEPALIVE_COMMENT

from analytics.live.change_stream import OPEN, Reader
from chassis.core.errors import DatabaseUnavailable
from chassis.web.event_stream import HEARTBEAT_S

_TICK_S = 0.5
"""How soon the shutdown of the service is noticed."""


async def stream_events(
    reader: Reader,
    is_allowed: Callable[[], Awaitable[bool]],
    is_ending: Callable[[], bool],
    last: Callable[[], Awaitable[list[bytes]]],
    clock: Callable[[], float] = monotonic,
) -> AsyncIterator[bytes]:
    """
    Yield server-sent events until the service stops, the reader loses access, or the last events cannot be read.

    Args:
        is_allowed: Called every 15 s; a heartbeat is sent at the same time, so that proxies keep the connection open.
        last: Returns the messages about the last events. It is called once no later event can be missed, so a message
            may come twice.
        clock: Seconds, monotonic.
    """
    looked = clock()
    while not is_ending():
        if message := await reader.next(_TICK_S):
            yield message
        if message == OPEN:
            try:
                told = await last()
            except DatabaseUnavailable:
                return
            for one in told:
                yield one
        if clock() - looked >= HEARTBEAT_S:
            if not await is_allowed():
                return
            looked = clock()
            yield KEEPALIVE_COMMENT
