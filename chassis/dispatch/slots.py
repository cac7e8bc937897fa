"""How many calls one transport makes at a time."""

import asyncio
from time import monotonic

from chassis.core.deadline import Clock
from chassis.dispatch.transport import ConnectFailed

CALLS_AT_A_TIME = 50


class Slots:
    """
    Lets a number of calls run and the others wait, in asyncio, where a cancelled call leaves the queue at once.

    The pools of HTTP clients are not asked to do this: some lose a slot with a cancelled call, some send a call that
    was cancelled in their queue.
    """

    def __init__(self, number: int = CALLS_AT_A_TIME, clock: Clock = monotonic) -> None:
        self._free = asyncio.Semaphore(number)
        self._clock = clock

    async def take(self, timeout: float) -> float:
        """
        Take a slot, to be given back with ``release``; returns the seconds that are left of *timeout*.

        Raises:
            ConnectFailed: None became free in time.
        """
        if not self._free.locked():
            await self._free.acquire()
            return timeout
        begun = self._clock()
        try:
            async with asyncio.timeout(timeout):
                await self._free.acquire()
        except TimeoutError as error:
            raise ConnectFailed("no connection became free in time") from error
        return max(timeout - (self._clock() - begun), 0.001)

    def release(self) -> None:
        """Give a slot back."""
        self._free.release()
