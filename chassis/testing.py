"""What tests of services need; not used in production."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic

POLL_S = 0.02


async def eventually(check: Callable[[], Awaitable[bool]], within: float = 5.0) -> bool:
    """Ask *check* until it is true; False if it is not within that many seconds."""
    ends = monotonic() + within
    while not await check():
        if monotonic() > ends:
            return False
        await asyncio.sleep(POLL_S)
    return True
