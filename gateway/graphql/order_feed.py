"""Which orders have changed: the order service is asked once for all who follow an order in this process."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from time import monotonic
from uuid import UUID

from chassis.core.errors import DeadlineExceeded, ServiceUnavailable
from chassis.dispatch.dispatcher import Dispatcher
from gateway.calls import READ_CHANGES
from gateway.schemas.orders import Changes, Status

PAUSE_S = 0.02
"""The pause between an answer and the next request, seconds: changes of that time share one."""
FAILED_PAUSE_S = 1.0
"""The pause after a request that failed, seconds."""
AGAIN_S = 5.0
"""
How often the order service lists the last 15 s again, seconds, and with them what was committed late. A request may
wait for 5 s before that, so there are 5 s left for a late commit.
"""
LONGEST_PAUSE_S = 10.0
"""How long a follower without the feed waits before it reads its order again, seconds; less than the 15 s."""
READS_AT_ONCE = 20
"""How many followers read their orders at the same time: the other calls of this process need connections, too."""


class Follower:
    """
    A subscriber of one order.

    Attributes:
        status: The status that it has read last; None before the first time.
    """

    def __init__(self, feed: "OrderFeed") -> None:
        self._feed = feed
        self._woken = asyncio.Event()
        self.status: Status | None = None

    def wake(self) -> None:
        """Let it read its order."""
        self._woken.set()

    async def changed(self, *, is_behind: bool = False) -> None:
        """
        Wait until the feed names another status than the follower's, or for up to 10 s while there is no feed.

        Args:
            is_behind: The follower could not read its order: it waits for up to 10 s in any case.
        """
        while not self._woken.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(LONGEST_PAUSE_S):
                    await self._woken.wait()
            if is_behind or not self._feed.goes_on:
                break
        self._woken.clear()


class OrderFeed:
    """
    The feed of changes, and the followers that it wakes.

    Args:
        sleep: Waits after a failure.
        clock: Seconds, monotonic.

    Attributes:
        turns: A limit on the followers that read at the same time.
    """

    def __init__(
        self, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep, clock: Callable[[], float] = monotonic
    ) -> None:
        self._sleep = sleep
        self._clock = clock
        self._followers: dict[UUID, set[Follower]] = {}
        self._is_followed = asyncio.Event()
        self._until: str | None = None
        self._again_at = 0.0
        self.turns = asyncio.Semaphore(READS_AT_ONCE)

    @property
    def goes_on(self) -> bool:
        """Whether it names every change from its last answer on, although it may fail at the moment."""
        return self._until is not None

    @contextmanager
    def following(self, order_id: UUID) -> Iterator[Follower]:
        """Follow an order for the block."""
        follower = Follower(self)
        self._followers.setdefault(order_id, set()).add(follower)
        self._is_followed.set()
        try:
            yield follower
        finally:
            self._followers[order_id].remove(follower)
            if not self._followers[order_id]:
                del self._followers[order_id]
            if not self._followers:
                self._is_followed.clear()
                self._until = None

    async def look(self, dispatcher: Dispatcher) -> None:
        """
        Wait for a follower, then ask once which orders have changed, and wake their followers.

        If the order service is down, the next request goes on where the last answer ended, and a read would be in vain.
        If it refuses, as an older one does that has no feed, followers read their orders every 10 s.

        Raises:
            AppError: There is no answer.
        """
        await self._is_followed.wait()
        try:
            found = await dispatcher.call(READ_CHANGES, query=self._query())
        except Exception as error:
            if not isinstance(error, ServiceUnavailable | DeadlineExceeded):
                self._until = None
            await self._sleep(FAILED_PAUSE_S)
            raise
        if self._followers:
            self._until = found.until
        self._wake(found)

    def _query(self) -> Mapping[str, str]:
        now = self._clock()
        query = {"since": self._until} if self._until else {}
        if now >= self._again_at:
            self._again_at = now + AGAIN_S
            query["again"] = "true"
        return query

    def _wake(self, found: Changes) -> None:
        latest = {change.order_id: change.status for change in found.changes}
        for order_id, status in latest.items():
            for follower in self._followers.get(order_id, ()):
                if follower.status != status:
                    follower.wake()
