"""
Where people come in: a few at a time.

Passwords are checked slowly, and slow answers open the breaker to the user service, for everybody and everything. So a
flood of guesses waits here, where it keeps out nobody but those who log in.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from chassis.core.errors import ServiceUnavailable

MOST_AT_ONCE = 4
"""Logins under way in this process: too few to be half of what the breaker looks at."""
MOST_WAITING = 32


class LoginQueueFull(ServiceUnavailable):
    """Too many people want to log in at once."""

    code = "too_many_logins"
    message = "Too many people are logging in; try again in a moment."

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "2"})


class LoginLimiter:
    """Lets some through, in the order in which they came, and has some wait."""

    def __init__(self) -> None:
        self._places = asyncio.Semaphore(MOST_AT_ONCE)
        self._here = 0

    @asynccontextmanager
    async def passing(self) -> AsyncIterator[None]:
        """
        Wait, and be inside during the block.

        Raises:
            LoginQueueFull: 32 wait already (503).
        """
        if self._here >= MOST_AT_ONCE + MOST_WAITING:
            raise LoginQueueFull
        self._here += 1
        try:
            async with self._places:
                yield
        finally:
            self._here -= 1
