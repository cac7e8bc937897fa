"""
The shared dispatcher, through which one service calls another.

A call passes: deadline -> retry -> breaker -> envelope -> transport. The dispatcher is the only layer that retries.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, nullcontext
from time import monotonic
from typing import Any

import structlog

from chassis.core import deadline
from chassis.core import json as strict_json
from chassis.core.errors import AppError, DeadlineExceeded
from chassis.dispatch.breaker import PAUSE_S, SLOW_S
from chassis.dispatch.call import Call, Returns, Sends, Tagged
from chassis.dispatch.errors import AttemptError, Refusal, RemoteError, final_error
from chassis.dispatch.exchange import NOT_MODIFIED, OutgoingRequest, exchange, inner_headers, outer_headers
from chassis.dispatch.peer import Attempt, Peer
from chassis.dispatch.retry import SAFE_METHODS, Retries
from chassis.dispatch.transport import Answer, Headers, Query, StreamedAnswer, Transport, address_of, raw_address
from chassis.dispatch.transports import DEFAULT_TRANSPORT
from chassis.sealing.envelope import Envelope
from chassis.telemetry import tracing

log = structlog.get_logger(__name__)

_NO_PARAMETERS: dict[str, object] = {}
_NO_LIMIT = nullcontext()


class UnknownService(Exception):
    """A call to a service for which there is no address or no link; declare it in ``calls.py``."""


class Dispatcher:
    """
    Calls other services.

    Args:
        peers: Service -> base address.
        make_transport: Creates the transport to one peer.
        sleep: Waits between attempts.
        clock: Seconds, monotonic.
        pause_s: The pause of a breaker, seconds.
        purpose: The label ``purpose`` of its metrics. Only failures of ``requests`` are logged as warnings.
    """

    def __init__(  # noqa: PLR0913 - the defaults are those of services
        self,
        peers: Mapping[str, str],
        envelope: Envelope,
        make_transport: Callable[[], Transport] = DEFAULT_TRANSPORT,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: deadline.Clock = monotonic,
        pause_s: float = PAUSE_S,
        purpose: str = "requests",
    ) -> None:
        self._peers = {name: Peer(name, url, make_transport, clock, pause_s, purpose) for name, url in peers.items()}
        self._envelope = envelope
        self._sleep = sleep
        self._clock = clock
        self._turns: dict[Call[Any, Any], asyncio.Semaphore] = {}
        # What runs in the background calls every few seconds, and logs the beginning and the end of an outage itself.
        self._warn = log.warning if purpose == "requests" else log.debug

    async def call(  # noqa: PLR0913 - the options of a call
        self,
        call: Call[Sends, Returns],
        body: Sends | bytes | None = None,
        *,
        path: Mapping[str, object] = _NO_PARAMETERS,
        query: Query | None = None,
        bearer: str | None = None,
        idempotency_key: str | None = None,
        client_address: str | None = None,
        user_agent: str | None = None,
    ) -> Returns:
        """
        Make a declared call and return its answer.

        Args:
            body: What the call sends; bytes are JSON already.
            path: The path parameters, by name.
            bearer: The access token of the person on whose behalf the call is made.
            idempotency_key: Required for ``keyed`` calls, and not allowed for others.
            client_address: The IP address of that person, for routes that use it.
            user_agent: The user agent of that person, likewise.

        Raises:
            RemoteError: The service refused (502 unless caught); carries its status and code.
            ServiceUnavailable: The service cannot be reached, or answers that it is unavailable (503). The latter is a
                ``RemoteUnavailable``, which carries its status and code.
            DeadlineExceeded: No answer within the time of the call or of the request being served (504).
            BadGateway: The answer cannot be trusted or used (502).
            UnknownService: The service has no address or no link.
            TypeError: Body, parameters or key do not match the declaration.
        """
        if (idempotency_key is not None) != (call.idempotency == "keyed"):
            raise TypeError(f"{call}: calls declared 'keyed' need an idempotency_key, and others take none")
        content = call.encode(body)
        headers = inner_headers(content, bearer, idempotency_key, client_address, user_agent)
        return call.decode(await self._make(call, content, headers, path, query))

    async def read(
        self,
        call: Call[Any, Returns],
        *,
        unless: str | None = None,
        path: Mapping[str, object] = _NO_PARAMETERS,
        query: Query | None = None,
        bearer: str | None = None,
        client_address: str | None = None,
    ) -> Tagged[Returns] | None:
        """
        Make a declared read and return its answer with its entity tag, or None if it still has the tag *unless*.

        Args:
            unless: The tag of the answer that the caller has, as it was received.

        Raises:
            AppError: As for ``call``.
        """
        headers = inner_headers(call.encode(None), bearer, None, client_address, if_none_match=unless)
        answer = await self._make(call, b"", headers, path, query)
        if answer.status == NOT_MODIFIED:
            return None
        return Tagged(answer.headers.get("etag"), call.decode(answer), len(answer.body))

    async def _make(
        self,
        call: Call[Any, Any],
        content: bytes,
        headers: dict[str, str],
        path: Mapping[str, object],
        query: Query | None,
    ) -> Answer:
        peer = self._peer(call.service, sealed=call.sealed)
        request = OutgoingRequest(
            peer=peer,
            method=call.method,
            address=call.address(peer.url, path, query),
            headers=headers,
            body=content,
            sealed=call.sealed,
            repeatable=call.idempotency != "unrepeatable",
            timeout_s=call.timeout_s,
            slow_s=call.slow_s,
            ends=self._ends(call.timeout_s),
        )
        async with self._turn(call):
            return await self._send(request)

    async def send(  # noqa: PLR0913 - the options of a request
        self,
        service: str,
        method: str,
        path: str,
        *,
        json: object = None,
        query: Query | None = None,
        bearer: str | None = None,
        idempotency_key: str | None = None,
        client_address: str | None = None,
        sealed: bool = True,
        timeout: float | None = None,
    ) -> Answer:
        """
        Send an undeclared request, for tools and tests, and return the answer unchanged.

        Args:
            path: Unescaped and without a query.
            idempotency_key: Makes a POST or PATCH repeatable. A route that does not support it refuses the request.
            timeout: Seconds for all attempts together, waits included. The deadline of the request served also applies.

        Raises:
            UnknownService: The service has no address or no link.
            AppError: As for ``call``.
        """
        peer = self._peer(service, sealed=sealed)
        content = b"" if json is None else strict_json.dumps(json)
        timeout_s = deadline.DEFAULT_S if timeout is None else timeout
        request = OutgoingRequest(
            peer=peer,
            method=method,
            address=address_of(peer.url, path, query),
            headers=inner_headers(content, bearer, idempotency_key, client_address),
            body=content,
            sealed=sealed,
            repeatable=method in SAFE_METHODS or idempotency_key is not None,
            timeout_s=timeout_s,
            slow_s=SLOW_S,
            ends=self._ends(timeout_s),
        )
        return await self._send(request)

    async def forward(  # noqa: PLR0913 - the parts of a request
        self,
        service: str,
        method: str,
        path: str,
        query: str,
        *,
        headers: Mapping[str, str],
        body: bytes,
        repeatable: bool,
    ) -> Answer:
        """
        Send a received request on, sealed, and return the answer, whatever its status.

        A request is retried, and a failure of the service counted, only if there is no answer. It has the time of the
        request being served.

        Args:
            path: As it was received, escaped; *query* likewise.
            headers: The headers inside the envelope (``INNER_HEADERS``), without deadline and trace.
            body: UTF-8 text.
            repeatable: Sending the request twice has the same effect as sending it once.

        Raises:
            ServiceUnavailable: The service cannot be reached (503).
            DeadlineExceeded: No answer in time (504).
            BadGateway: The answer cannot be trusted (502).
            TokenTooLong: A request without a body has too long a query, or too many headers.
            UnknownService: The service has no address or no link.
        """
        peer = self._peer(service, sealed=True)
        request = OutgoingRequest(
            peer=peer,
            method=method,
            address=raw_address(peer.url, path, query),
            headers=dict(headers),
            body=body,
            sealed=True,
            repeatable=repeatable,
            timeout_s=deadline.DEFAULT_S,
            slow_s=deadline.LONGEST_S,
            ends=self._ends(deadline.LONGEST_S),
            is_forwarded=True,
        )
        return await self._send(request)

    @asynccontextmanager
    async def stream(
        self, service: str, method: str, path: str, query: str, *, headers: Headers, body: bytes
    ) -> AsyncIterator[StreamedAnswer]:
        """
        Send a received request on, plainly and once, and yield the answer, whatever its status, while it arrives.

        The deadline of the request ends with the head of the answer; a body silent for ``SILENCE_S`` breaks off.

        Args:
            path: As it was received, escaped; *query* likewise.

        Raises:
            ServiceUnavailable: The service cannot be reached (503).
            DeadlineExceeded: No head of an answer in time (504).
            BadGateway: The answer is not HTTP (502).
            UnknownService: The service has no address.
        """
        peer, ends, begun = self._peer(service, sealed=False), self._ends(deadline.LONGEST_S), self._clock()
        address = raw_address(peer.url, path, query)
        async with AsyncExitStack() as stack:
            try:
                left = ends.remaining(self._clock)
                with (
                    Attempt(peer, method, 1, within_s=deadline.DEFAULT_S, slow_s=None),
                    tracing.calling(service, method, 1) as trace,
                ):
                    sent = [*headers, *trace.items(), *outer_headers()]
                    streaming = peer.streaming().stream(method, address, sent, body, left)
                    answer = await stack.enter_async_context(streaming)
            except AttemptError as error:
                raise final_error(service, error, 1, self._clock() - begun) from error
            yield answer

    def targets(self) -> dict[str, str]:
        """Return the state of each peer's breaker, by the peer's name."""
        return {name: peer.breaker.state.name.lower() for name, peer in self._peers.items()}

    def open(self) -> None:
        """Create the transports now, in the serving process, instead of at the first call of each."""
        for peer in self._peers.values():
            peer.transport()

    async def aclose(self) -> None:
        """Close all connections, even if closing one of them fails."""
        closing = (peer.aclose() for peer in self._peers.values())
        for result in await asyncio.gather(*closing, return_exceptions=True):
            if isinstance(result, BaseException):
                raise result

    async def _send(self, request: OutgoingRequest) -> Answer:
        """Attempt the request, and retry it while the policy allows (retry.py)."""
        begun, peer, number, retries = self._clock(), request.peer, 1, None
        peer.budget.deposit()
        while True:
            try:
                return await self._attempt(request, number)
            except AttemptError as error:
                retries = retries or Retries(peer.budget, request.ends, self._clock, repeatable=request.repeatable)
                pause_s = retries.pause_after(error)
                if pause_s is None:
                    raise self._failure(request, error, number, self._clock() - begun) from error
            await self._sleep(pause_s)
            number += 1

    async def _attempt(self, request: OutgoingRequest, number: int) -> Answer:
        left, peer = request.ends.remaining(self._clock), request.peer
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

    def _peer(self, service: str, *, sealed: bool) -> Peer:
        peer = self._peers.get(service)
        if peer is None or (sealed and not self._envelope.knows(service)):
            raise UnknownService(service)
        return peer

    def _turn(self, call: Call[Any, Any]) -> AbstractAsyncContextManager[None]:
        """Return the limit on concurrent calls of this kind (``at_once``)."""
        if call.at_once is None:
            return _NO_LIMIT
        return self._turns.setdefault(call, asyncio.Semaphore(call.at_once))

    def _ends(self, timeout: float) -> deadline.Deadline:
        """Return the earlier of this call's own deadline and that of the request being served."""
        serving = deadline.current()
        own = self._clock() + min(timeout, deadline.LONGEST_S)
        return deadline.Deadline(min(own, serving.at) if serving else own)

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
