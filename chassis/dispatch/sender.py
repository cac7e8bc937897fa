"""All attempts of one request: the only layer that retries."""

from collections.abc import Awaitable, Callable

import structlog

from chassis.core import deadline
from chassis.core.errors import AppError, DeadlineExceeded
from chassis.dispatch.errors import AttemptError, Refusal, RemoteError, final_error
from chassis.dispatch.exchange import NOT_MODIFIED, OutgoingRequest, exchange
from chassis.dispatch.peer import Attempt
from chassis.dispatch.retry import Retries
from chassis.dispatch.transport import Answer
from chassis.sealing.envelope import Envelope
from chassis.telemetry import tracing

log = structlog.get_logger(__name__)


class Sender:
    """
    Sends requests, and retries them while the policy allows (retry.py).

    Args:
        sleep: Waits between attempts.
        is_background: Its failures are no warnings: what runs in the background calls every few seconds, and logs the
            beginning and the end of an outage itself.
    """

    def __init__(self, envelope: Envelope, sleep: Callable[[float], Awaitable[None]], *, is_background: bool) -> None:
        self._envelope = envelope
        self._sleep = sleep
        self._warn = log.debug if is_background else log.warning

    async def send(self, request: OutgoingRequest) -> Answer:
        """
        Send a request until there is a usable answer, and return it.

        Raises:
            AppError: As for ``Dispatcher.call``.
        """
        peer, number, retries = request.peer, 1, None
        begun = peer.clock()
        peer.budget.deposit()
        while True:
            try:
                return await self._attempt(request, number)
            except AttemptError as error:
                retries = retries or Retries(peer.budget, request.ends, peer.clock, repeatable=request.repeatable)
                pause_s = retries.pause_after(error)
                if pause_s is None:
                    raise self._failure(request, error, number, peer.clock() - begun) from error
            await self._sleep(pause_s)
            number += 1

    async def _attempt(self, request: OutgoingRequest, number: int) -> Answer:
        peer = request.peer
        left = request.ends.remaining(peer.clock)
        if left < deadline.LEAST_S:
            raise DeadlineExceeded(f"There was no time left to call the {peer.name} service (attempt {number}).")
        watched = Attempt(peer, request.method, number, within_s=request.timeout_s, slow_s=request.slow_s)
        with watched, tracing.calling(peer.name, request.method, number) as trace:
            answer = await exchange(self._envelope, request, left, trace)
            # A redirect is not followed and is not a usable answer. Who forwards passes on any answer, also one about a
            # peer of the peer, which itself works.
            is_unchanged = answer.status == NOT_MODIFIED and request.is_conditional
            if answer.status >= 300 and not (is_unchanged or request.is_forwarded):  # noqa: PLR2004
                raise Refusal(answer)
            return answer

    def _failure(self, request: OutgoingRequest, error: Exception, attempts: int, elapsed_s: float) -> AppError:
        """Return the error for the caller, with the attempts and the time taken, and log it."""
        failure = final_error(request.peer.name, error, attempts, elapsed_s)
        write = log.info if isinstance(failure, RemoteError) else self._warn
        write(
            "dispatch failed",
            target=request.peer.name,
            method=request.method,
            path=request.address.path,
            attempts=attempts,
            elapsed_s=round(elapsed_s, 3),
            reason=str(error),
        )
        return failure
