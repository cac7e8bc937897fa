"""One target of the dispatcher: its address, its connections, and what has been learnt of it."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic

from chassis.core.deadline import HOP_S, Clock
from chassis.dispatch import metrics
from chassis.dispatch.breaker import LONGEST_PAUSE_S, SLOW_S, Breaker
from chassis.dispatch.budget import RetryBudget
from chassis.dispatch.errors import Refusal
from chassis.dispatch.transport import Answer, TimedOut, Transport

_SERVER_ERROR = 500


class Peer:
    """
    A service that is called.

    Args:
        url: Its base address, without a slash at its end.
        make_transport: Makes the connections to it.
        clock: Seconds, monotonic.
        longest_pause_s: Of its breaker.
        purpose: What is called for: another dispatcher of this process has a breaker of its own for the same service.
    """

    def __init__(
        self,
        name: str,
        url: str,
        make_transport: Callable[[], Transport],
        clock: Clock = monotonic,
        longest_pause_s: float = LONGEST_PAUSE_S,
        purpose: str = "requests",
    ) -> None:
        self.name = name
        self.url = url
        self._make_transport = make_transport
        self._transport: Transport | None = None
        state = metrics.BREAKER.labels(name, purpose)
        self.breaker = Breaker(clock, on_change=state.set, longest_pause_s=longest_pause_s)
        self.budget = RetryBudget(clock)
        self._clock = clock

    def transport(self) -> Transport:
        """Return its transport, which is made at the first call: its threads do not survive a fork."""
        if self._transport is None:
            self._transport = self._make_transport()
        return self._transport

    async def aclose(self) -> None:
        """Close its connections."""
        transport, self._transport = self._transport, None
        if transport:
            await transport.aclose()

    async def watch(
        self, method: str, number: int, exchange: Callable[[], Awaitable[Answer]], *, within_s: float
    ) -> Answer:
        """
        Make one attempt through the breaker, and count how it ends.

        Args:
            within_s: Seconds that the attempt has. One that is cancelled when they have passed, or when it was slow,
                failed: the request that made it has the same deadline, and its end may come first. One that is
                cancelled earlier does not count.

        Raises:
            CircuitOpen: The breaker does not let it begin.
            Refusal: The answer's status is 300 or above.
            Exception: Whatever the exchange raises.
        """
        permit, begun = self.breaker.admit(), self._clock()
        try:
            answer = await exchange()
        except asyncio.CancelledError:
            took_s = self._clock() - begun
            if took_s < min(SLOW_S, within_s - HOP_S):
                self.breaker.abandon(permit)
            else:
                self.breaker.fail(permit)
                metrics.observe_attempt(self.name, method, number, TimedOut.__name__, took_s)
            raise
        except Exception as error:
            self._learn(permit, error, took_s=self._clock() - begun)
            metrics.observe_attempt(self.name, method, number, type(error).__name__, self._clock() - begun)
            raise
        took_s = self._clock() - begun
        self.breaker.succeed(permit, took_s)
        metrics.observe_attempt(self.name, method, number, "Success", took_s)
        return answer

    def _learn(self, permit: int, error: Exception, took_s: float) -> None:
        """A refusal below 500 is an answer like any other: the service works."""
        if isinstance(error, Refusal) and error.answer.status < _SERVER_ERROR:
            self.breaker.succeed(permit, took_s)
        else:
            self.breaker.fail(permit)
