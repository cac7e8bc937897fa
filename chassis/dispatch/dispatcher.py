"""
The shared dispatcher: how one service calls another.

One call is: deadline -> retry -> breaker -> envelope -> transport. It is the only layer that retries.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from time import monotonic
from typing import Any

import structlog

from chassis.core import context as request_context
from chassis.core import deadline
from chassis.core import json as strict_json
from chassis.core.errors import AppError, BadGateway, DeadlineExceeded
from chassis.dispatch.breaker import LONGEST_PAUSE_S
from chassis.dispatch.errors import AttemptError, BadAnswer, Refusal, RemoteError, final_error
from chassis.dispatch.peer import Peer
from chassis.dispatch.reqwest import ReqwestTransport
from chassis.dispatch.retry import SAFE_METHODS, retrying
from chassis.dispatch.transport import Address, Answer, Transport, address_of
from chassis.sealing.envelope import BadEnvelope, Envelope, Refused, SealedRequest, Target, offload
from chassis.sealing.wire import CLIENT_ADDRESS, unwrap_response, wrap_request
from chassis.telemetry import tracing

log = structlog.get_logger(__name__)


class UnknownService(Exception):
    """A call to a service for which there is no address or no link; it belongs into ``calls`` of the settings."""


@dataclass(frozen=True, slots=True)
class _Call:
    """One call, as it is the same in every attempt."""

    peer: Peer
    method: str
    address: Address
    headers: dict[str, str]
    body: bytes
    sealed: bool


class _Attempts:
    """Counts the attempts of one call, and lets a retry loop begin with the failure of the first."""

    def __init__(self, attempt: Callable[[int], Awaitable[Answer]]) -> None:
        self._attempt = attempt
        self._error: BaseException | None = None
        self.number = 1

    async def first(self) -> Answer:
        """Make the first attempt."""
        try:
            return await self._attempt(1)
        except AttemptError as error:
            self._error = error
            raise

    async def next(self) -> Answer:
        """Fail as the first attempt has; called again, make the next one."""
        if self._error:
            error, self._error = self._error, None
            raise error
        self.number += 1
        return await self._attempt(self.number)


class Dispatcher:
    """
    Calls other services.

    Args:
        peers: Service -> base address.
        make_transport: Makes the connections to one peer.
        sleep: Waits between attempts.
        clock: Seconds, monotonic.
        longest_pause_s: For how long a peer that fails is left alone at most.
        purpose: What it calls for, in metrics.
    """

    def __init__(  # noqa: PLR0913 - who says nothing has what services have
        self,
        peers: Mapping[str, str],
        envelope: Envelope,
        make_transport: Callable[[], Transport] = ReqwestTransport,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: deadline.Clock = monotonic,
        longest_pause_s: float = LONGEST_PAUSE_S,
        purpose: str = "requests",
    ) -> None:
        self._peers = {
            name: Peer(name, url, make_transport, clock, longest_pause_s, purpose) for name, url in peers.items()
        }
        self._envelope = envelope
        self._sleep = sleep
        self._clock = clock

    async def get(self, service: str, path: str, **options: Any) -> Any:  # noqa: ANN401 - JSON is what it is
        """GET (see ``call``)."""
        return await self.call(service, "GET", path, **options)

    async def post(self, service: str, path: str, **options: Any) -> Any:  # noqa: ANN401 - JSON is what it is
        """POST (see ``call``)."""
        return await self.call(service, "POST", path, **options)

    async def call(self, service: str, method: str, path: str, **options: Any) -> Any:  # noqa: ANN401
        """
        Call another service and return its decoded JSON, or None where there is none. For the options see ``send``.

        Raises:
            RemoteError: The service refused (502 unless caught); carries its status and code.
            ServiceUnavailable: It cannot be reached, or says so itself (503).
            DeadlineExceeded: No answer within the time (504).
            BadGateway: An answer that cannot be trusted or used (502).
        """
        answer = await self.send(service, method, path, **options)
        try:
            return strict_json.loads(answer.body) if answer.body else None
        except strict_json.InvalidJson as error:
            raise BadGateway(f"The {service} service answered with something that is not JSON.") from error

    async def send(  # noqa: PLR0913 - what a call can say
        self,
        service: str,
        method: str,
        path: str,
        *,
        json: object = None,
        query: Mapping[str, str | int] | None = None,
        bearer: str | None = None,
        idempotency_key: str | None = None,
        client_address: str | None = None,
        sealed: bool = True,
        timeout: float | None = None,
    ) -> Answer:
        """
        Call another service and return its answer, which has a status below 300.

        Args:
            path: Unescaped, without query.
            bearer: A person's access token to act for.
            idempotency_key: Makes a POST or PATCH repeatable; a route that cannot honour it refuses the call.
            client_address: The IP address of the person to act for, where that matters there.
            sealed: Encrypt; False only for routes of mode ``public``.
            timeout: Seconds for all attempts together, waits included; never beyond the deadline of the request served.

        Raises:
            UnknownService: No address or link.
            AppError: As ``call`` says.
        """
        peer = self._peers.get(service)
        if peer is None or (sealed and not self._envelope.knows(service)):
            raise UnknownService(service)
        headers = _headers(json, bearer, idempotency_key, client_address)
        call = _Call(peer, method, address_of(peer.url, path, query), headers, _body(json), sealed)
        repeatable = method in SAFE_METHODS or idempotency_key is not None
        return await self._with_retries(call, ends=self._ends(timeout), repeatable=repeatable)

    def targets(self) -> dict[str, str]:
        """Give the state of each peer's breaker, by the peer's name."""
        return {name: peer.breaker.state.name.lower() for name, peer in self._peers.items()}

    def open(self) -> None:
        """Make the transports now, in the process that serves, rather than at the first call of each."""
        for peer in self._peers.values():
            peer.transport()

    async def aclose(self) -> None:
        """Close the connections; one that cannot be closed keeps no other open."""
        closing = (peer.aclose() for peer in self._peers.values())
        for result in await asyncio.gather(*closing, return_exceptions=True):
            if isinstance(result, BaseException):
                raise result

    async def _with_retries(self, call: _Call, *, ends: deadline.Deadline, repeatable: bool) -> Answer:
        """Attempt, and again while that is allowed; the loop is made only when the first attempt has failed."""
        attempts = _Attempts(lambda number: self._attempt(call, ends, number))
        begun = self._clock()
        call.peer.budget.deposit()
        try:
            try:
                return await attempts.first()
            except AttemptError:
                loop = retrying(
                    repeatable=repeatable,
                    remaining=lambda: ends.remaining(self._clock),
                    budget=call.peer.budget,
                    sleep=self._sleep,
                )
                return await loop(attempts.next)
        except AttemptError as error:
            raise _failure(call, error, attempts.number, self._clock() - begun) from error

    async def _attempt(self, call: _Call, ends: deadline.Deadline, number: int) -> Answer:
        left = ends.remaining(self._clock)
        if left < deadline.LEAST_S:
            msg = f"There was no time left to call the {call.peer.name} service (attempt {number})."
            raise DeadlineExceeded(msg)
        return await call.peer.watch(call.method, number, lambda: self._traced(call, left, number), within_s=left)

    async def _traced(self, call: _Call, left: float, number: int) -> Answer:
        with tracing.calling(call.peer.name, call.method, number) as trace:
            return await self._exchange(call, left, trace)

    async def _exchange(self, call: _Call, left: float, trace: Mapping[str, str]) -> Answer:
        headers = {**call.headers, **trace, deadline.HEADER: str(int((left - deadline.HOP_S) * 1000))}
        if call.sealed:
            answer = await self._exchange_sealed(call, headers, left)
        else:
            outer = [*headers.items(), *_context()]
            answer = await call.peer.transport().send(call.method, call.address, outer, call.body, left)
        if answer.status >= 300:  # noqa: PLR2004 - a redirect is not followed, and no answer either
            raise Refusal(answer)
        return answer

    async def _exchange_sealed(self, call: _Call, headers: dict[str, str], left: float) -> Answer:
        target = Target(call.method, call.address.path, call.address.query)
        sealed = await offload(len(call.body), self._envelope.seal_request, call.peer.name, target, headers, call.body)
        outer, body = wrap_request(self._envelope.service, call.method, sealed)
        answer = await call.peer.transport().send(call.method, call.address, outer + _context(), body, left)
        return await self._open(sealed, answer)

    async def _open(self, request: SealedRequest, answer: Answer) -> Answer:
        try:
            key_id, token = unwrap_response(answer.headers, answer.body)
            opened = await offload(len(token), self._envelope.open_response, request, key_id, token, answer.status)
        except BadEnvelope as error:
            msg = f"an unsealed {answer.status} to a sealed call{self._clock_hint(answer)}"
            raise BadAnswer(msg) from error
        except Refused as error:
            msg = f"an answer that cannot be trusted: {error.reason}"
            raise BadAnswer(msg) from error
        return Answer(opened.status, opened.headers, opened.body)

    def _clock_hint(self, answer: Answer) -> str:
        """Say that the clocks differ, if the Date of a refusal shows it; the receiver keeps its reason to itself."""
        try:
            date_ms = 1000 * parsedate_to_datetime(answer.headers.get("date", "")).timestamp()
        except (ValueError, OverflowError):
            return ""
        difference = self._envelope.skew.difference(date_ms)
        return f"; {difference}" if difference else ""

    def _ends(self, timeout: float | None) -> deadline.Deadline:
        """Give the earlier of this call's own time and the deadline of the request being served."""
        serving = deadline.current()
        own = self._clock() + (deadline.DEFAULT_S if timeout is None else min(timeout, deadline.LONGEST_S))
        return deadline.Deadline(min(own, serving.at) if serving else own)


def _failure(call: _Call, error: Exception, attempts: int, elapsed_s: float) -> AppError:
    """Say what has failed, how often it was tried and how long that took; in the log too."""
    failure = final_error(call.peer.name, error, attempts, elapsed_s)
    write = log.info if isinstance(failure, RemoteError) else log.warning
    write(
        "dispatch failed",
        target=call.peer.name,
        method=call.method,
        path=call.address.path,
        attempts=attempts,
        elapsed_s=round(elapsed_s, 3),
        reason=str(error),
    )
    return failure


def _headers(
    body: object, bearer: str | None, idempotency_key: str | None, client_address: str | None
) -> dict[str, str]:
    candidates = {
        "authorization": f"Bearer {bearer}" if bearer else None,
        "content-type": "application/json" if body is not None else None,
        "idempotency-key": idempotency_key,
        CLIENT_ADDRESS: client_address,
    }
    return {name: value for name, value in candidates.items() if value is not None}


def _body(value: object) -> bytes:
    return b"" if value is None else strict_json.dumps(value)


def _context() -> list[tuple[str, str]]:
    """Give the headers that stay outside the envelope."""
    context = request_context.current()
    return [("x-request-id", context.request_id)] if context else []
