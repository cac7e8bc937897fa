"""Streaming new events to a reader."""

from collections.abc import AsyncIterator, Awaitable, Callable
from time import monotonic

from fastapi.sse import KEEPALIVE_COMMENT

from analytics.live.change_stream import Reader

HEARTBEAT_S = 15.0
_TICK_S = 0.5
"""How soon the shutdown of the service is noticed."""


async def stream_events(
    reader: Reader,
    is_allowed: Callable[[], Awaitable[bool]],
    is_ending: Callable[[], bool],
    clock: Callable[[], float] = monotonic,
) -> AsyncIterator[bytes]:
    """
    Yield server-sent events until the service stops, or the reader loses access.

    Args:
        is_allowed: Called every 15 s; a heartbeat is sent at the same time, so that proxies keep the connection open.
        clock: Seconds, monotonic.
    """
    looked = clock()
    while not is_ending():
        if message := await reader.next(_TICK_S):
            yield message
        if clock() - looked >= HEARTBEAT_S:
            if not await is_allowed():
                return
            looked = clock()
            yield KEEPALIVE_COMMENT
