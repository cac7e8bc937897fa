"""Telling somebody of events as they are stored."""

from collections.abc import AsyncIterator, Awaitable, Callable
from time import monotonic

from fastapi.sse import KEEPALIVE_COMMENT

from analytics.live.change_stream import Reader

HEARTBEAT_S = 15.0
_TICK_S = 0.5
"""How soon the end of the service is noticed."""


async def stream_events(
    reader: Reader,
    is_allowed: Callable[[], Awaitable[bool]],
    is_ending: Callable[[], bool],
    clock: Callable[[], float] = monotonic,
) -> AsyncIterator[bytes]:
    """
    Give server-sent events until the service ends, or the reader may read no longer.

    Args:
        is_allowed: Asked every 15 s, with a heartbeat for whatever stands in between.
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
