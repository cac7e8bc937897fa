"""
Subscriptions as server-sent events, a connection for each: "GraphQL over SSE", distinct connections mode.

One result waits for a slow client; its source is not asked for more.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from contextlib import aclosing, contextmanager, suppress
from time import monotonic

from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event

from chassis.core.errors import ServiceUnavailable, TooManyRequests
from chassis.web.event_stream import HEARTBEAT_S
from gateway.graphql import metrics
from gateway.graphql.answers import Result

MOST_OF_ONE = 8
"""Subscriptions of one person or address in this process."""
TICK_S = 1.0
"""How soon the shutdown of the service is noticed, seconds."""
COMPLETE = b"event: complete\ndata: \n\n"


class TooManySubscriptions(TooManyRequests):
    """One person has as many subscriptions as a person may (429)."""

    code = "too_many_subscriptions"
    message = f"You have {MOST_OF_ONE} subscriptions open already: close one of them."

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "10"})


class TooManySubscribers(ServiceUnavailable):
    """The process has as many subscriptions as it can serve (503)."""

    code = "too_many_subscribers"
    message = "The limit of open subscriptions is reached; try again later."

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "10"})


class Subscribers:
    """
    The people with open subscriptions in this process.

    Args:
        most: How many subscriptions it may have.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._open = Counter[str]()

    @contextmanager
    def admitted(self, person: str) -> Iterator[None]:
        """
        Count a subscription for the block.

        Raises:
            TooManySubscriptions: The person has 8 in this process (429).
            TooManySubscribers: The process has its most (503).
        """
        if self._open[person] >= MOST_OF_ONE:
            raise TooManySubscriptions
        if self._open.total() >= self._most:
            raise TooManySubscribers
        self._open[person] += 1
        metrics.SUBSCRIPTIONS.inc()
        try:
            yield
        finally:
            metrics.SUBSCRIPTIONS.dec()
            self._open[person] -= 1
            if not self._open[person]:
                del self._open[person]


def next_event(result: Result) -> bytes:
    """Return the event with a result."""
    return format_sse_event(event="next", data_str=result.encoded().decode())


async def single(result: Result) -> AsyncIterator[bytes]:
    """Yield one result, and the end."""
    yield next_event(result)
    yield COMPLETE


async def stream_results(
    results: AsyncGenerator[Result],
    is_allowed: Callable[[], Awaitable[bool]],
    is_ending: Callable[[], bool],
    expired: Result,
    clock: Callable[[], float] = monotonic,
) -> AsyncIterator[bytes]:
    """
    Yield an event for each result, and the end.

    If the service stops there is no end, so that the client subscribes again, elsewhere.

    Args:
        is_allowed: Called every 15 s, when a heartbeat is sent.
        expired: The last result of a client that is not allowed any longer.
        clock: Seconds, monotonic.
    """
    waiting = asyncio.Queue[Result | None](1)
    feeding = asyncio.create_task(_feed(waiting, results))
    looked = clock()
    try:
        while not is_ending():
            with suppress(TimeoutError):
                async with asyncio.timeout(TICK_S):
                    result = await waiting.get()
                if result is None:
                    break
                yield next_event(result)
            if clock() - looked >= HEARTBEAT_S:
                if not await is_allowed():
                    yield next_event(expired)
                    break
                looked = clock()
                yield KEEPALIVE_COMMENT
        else:
            return
        yield COMPLETE
    finally:
        feeding.cancel()


async def _feed(waiting: asyncio.Queue[Result | None], results: AsyncGenerator[Result]) -> None:
    """Queue the results, then None. It is a task of its own, so that the source is closed although the client left."""
    async with aclosing(results):
        async for result in results:
            await waiting.put(result)
    await waiting.put(None)
