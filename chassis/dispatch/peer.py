"""One target of the dispatcher: its address, its connections, its breaker and its retry budget."""

import asyncio
from collections.abc import Callable
from math import inf
from time import monotonic
from types import TracebackType

from chassis.core.deadline import HOP_S, Clock
from chassis.dispatch import metrics
from chassis.dispatch.breaker import PAUSE_S, SLOW_S, Breaker
from chassis.dispatch.errors import AttemptError, Refusal
from chassis.dispatch.httpx_transport import HttpxTransport
from chassis.dispatch.retry import RetryBudget
from chassis.dispatch.transport import TimedOut, Transport

_SERVER_ERROR = 500
_GATEWAY_TIMEOUT = 504


class Peer:
    """
    A called service.

    Args:
        url: Its base address, without a trailing slash.
        make_transport: Creates its transport.
        clock: Seconds, monotonic.
        pause_s: The pause of its breaker.
        purpose: A metric label: each dispatcher of a process has its own breaker for the same service.
    """

    def __init__(
        self,
        name: str,
        url: str,
        make_transport: Callable[[], Transport],
        clock: Clock = monotonic,
        pause_s: float = PAUSE_S,
        purpose: str = "requests",
    ) -> None:
        self.name = name
        self.url = url
        self._make_transport = make_transport
        self._transport: Transport | None = None
        self._streaming: HttpxTransport | None = None
        state = metrics.BREAKER.labels(name, purpose)
        self.breaker = Breaker(clock, on_change=state.set, pause_s=pause_s)
        self.budget = RetryBudget(clock)
        self.clock = clock

    def transport(self) -> Transport:
        """Return its transport, created at the first call because its threads do not survive a fork."""
        if self._transport is None:
            self._transport = self._make_transport()
        return self._transport

    def streaming(self) -> HttpxTransport:
        """Return its transport for answers that arrive in parts, created at the first of them."""
        if self._streaming is None:
            self._streaming = HttpxTransport()
        return self._streaming

    async def aclose(self) -> None:
        """Close its connections."""
        transports = (self._transport, self._streaming)
        self._transport = self._streaming = None
        for transport in filter(None, transports):
            await transport.aclose()


class Attempt:
    """
    A context manager around one attempt: the breaker admits it, and its outcome is counted.

    Args:
        within_s: Seconds that such a call may take. An attempt that times out or is cancelled after this time, or after
            it became slow, counts as failed. One that ends earlier does not count: its caller gave up, or the sender of
            the request being served chose a shorter deadline.
        slow_s: A slower answer counts as a failure. None: neither slow answers nor timeouts count.

    Raises:
        CircuitOpen: On entering, if the breaker does not admit the attempt.
    """

    __slots__ = ("_begun", "_method", "_number", "_peer", "_permit", "_slow_s", "_within_s")

    def __init__(self, peer: Peer, method: str, number: int, *, within_s: float, slow_s: float | None = SLOW_S) -> None:
        self._peer = peer
        self._method = method
        self._number = number
        self._within_s = within_s
        self._slow_s = inf if slow_s is None else slow_s

    def __enter__(self) -> None:
        """Begin the attempt."""
        self._permit = self._peer.breaker.admit()
        self._begun = self._peer.clock()

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        """Count the outcome."""
        took_s = self._peer.clock() - self._begun
        if self._was_given_up(error, took_s):
            self._peer.breaker.abandon(self._permit)
            return
        if isinstance(error, asyncio.CancelledError):
            error = TimedOut()
        self._learn(error, took_s)
        metrics.observe_attempt(self._peer.name, self._method, self._number, error, took_s)

    def _was_given_up(self, error: BaseException | None, took_s: float) -> bool:
        """Whether the attempt was ended by its caller, or the request could not be sent (a token that is too long)."""
        if isinstance(error, asyncio.CancelledError):
            return self._is_early(took_s)
        return error is not None and not isinstance(error, AttemptError)

    def _learn(self, error: BaseException | None, took_s: float) -> None:
        """
        Report the outcome to the breaker.

        A refusal below 500 is a success, as the service works. So is one about a service behind it, however late: as a
        failure it would close the way to all that this one does without the other.
        """
        breaker = self._peer.breaker
        if error is None or (isinstance(error, Refusal) and error.answer.status < _SERVER_ERROR):
            breaker.succeed(self._permit, took_s, self._slow_s)
        elif isinstance(error, Refusal) and error.was_retried_below:
            breaker.succeed(self._permit, took_s, inf)
        elif _is_timeout(error) and (self._slow_s == inf or self._is_early(took_s)):
            breaker.abandon(self._permit)
        else:
            breaker.fail(self._permit)

    def _is_early(self, took_s: float) -> bool:
        return took_s < min(self._slow_s, self._within_s - HOP_S)


def _is_timeout(error: BaseException) -> bool:
    """Whether there was no answer in time, by our clock or by that of the peer, which ends a little earlier."""
    return isinstance(error, TimedOut) or (isinstance(error, Refusal) and error.answer.status == _GATEWAY_TIMEOUT)
