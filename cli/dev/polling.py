"""Waiting for other programs by polling."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic

from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

_EVERY_S = 0.02


def wait_until(check: Callable[[], bool], within: float) -> bool:
    """Call *check* fifty times a second until it returns True; returns False if that takes longer than *within* s."""
    asking = Retrying(
        retry=retry_if_result(lambda is_so: not is_so),
        wait=wait_fixed(_EVERY_S),
        stop=stop_after_delay(within),
        retry_error_callback=lambda _state: False,
    )
    return asking(check)


async def eventually(check: Callable[[], Awaitable[bool]], within: float = 30.0, pause: float = _EVERY_S) -> bool:
    """Call *check* every *pause* seconds until it returns True; returns False if that takes longer than *within* s."""
    ends = monotonic() + within
    while not await check():
        if monotonic() > ends:
            return False
        await asyncio.sleep(pause)
    return True
