"""One target of the dispatcher: its address, its connections, and what has been learnt of it."""

import asyncio
from collections.abc import Callable
from math import inf
from time import monotonic
from types import TracebackType

from chassis.core.deadline import HOP_S, Clock
from chassis.dispatch import metrics
from chassis.dispatch.breaker import LONGEST_PAUSE_S, SLOW_S, Breaker
from chassis.dispatch.errors import Refusal
from chassis.dispatch.retry import RetryBudget
from chassis.dispatch.transport import TimedOut, Transport

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
        self.clock = clock

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


class Attempt:
    """
    One attempt at a call, around the block: the breaker admits it, and its end is counted.

    Args:
        within_s: Seconds that the attempt has. One that is cancelled when they have passed, or when it was slow,
            failed: the request that made it has the same deadline, and its end may come first. One that is cancelled
            earlier does not count.
        slow_s: An answer after more seconds is as bad as none; None: neither a slow answer nor a late one counts.

    Raises:
        CircuitOpen: On entering, if the breaker does not let it begin.
    """

    __slots__ = ("_begun", "_method", "_number", "_peer", "_permit", "_slow_s", "_within_s")

    def __init__(self, peer: Peer, method: str, number: int, *, within_s: float, slow_s: float | None = SLOW_S) -> None:
        self._peer = peer
        self._method = method
        self._number = number
        self._within_s = within_s
        self._slow_s = inf if slow_s is None else slow_s

    def __enter__(self) -> None:
        """Begin."""
        self._permit = self._peer.breaker.admit()
        self._begun = self._peer.clock()

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        """Count how it ended."""
        took_s = self._peer.clock() - self._begun
        if isinstance(error, asyncio.CancelledError):
            if took_s < min(self._slow_s, self._within_s - HOP_S):
                self._peer.breaker.abandon(self._permit)
                return
            error = TimedOut()
        self._learn(error, took_s)
        metrics.observe_attempt(self._peer.name, self._method, self._number, error, took_s)

    def _learn(self, error: BaseException | None, took_s: float) -> None:
        """A refusal below 500 is an answer like any other: the service works."""
        breaker = self._peer.breaker
        if error is None or (isinstance(error, Refusal) and error.answer.status < _SERVER_ERROR):
            breaker.succeed(self._permit, took_s, self._slow_s)
        elif isinstance(error, TimedOut) and self._slow_s == inf:
            breaker.abandon(self._permit)
        else:
            breaker.fail(self._permit)
