"""Waiting for other programs, which give nothing to wait on but their answer."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic

from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

_EVERY_S = 0.02


def wait_until(check: Callable[[], bool], within: float) -> bool:
    """Ask *check*, fifty times a second, until it is true; False if it is not within that many seconds."""
    asking = Retrying(
        retry=retry_if_result(lambda is_so: not is_so),
        wait=wait_fixed(_EVERY_S),
        stop=stop_after_delay(within),
        retry_error_callback=lambda _state: False,
    )
    return asking(check)


async def eventually(check: Callable[[], Awaitable[bool]], within: float = 30.0, pause: float = _EVERY_S) -> bool:
    """Ask *check* until it is true, with a pause of so many seconds; False if it is not *within* so many."""
    ends = monotonic() + within
    while not await check():
        if monotonic() > ends:
            return False
        await asyncio.sleep(pause)
    return True
