"""
The shared dispatcher, through which one service calls another.

A call passes: deadline -> retry (sender.py) -> breaker (peer.py) -> envelope (exchange.py) -> transport. No other layer
retries. What a gateway sends on is in forwarding.py.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from time import monotonic
from typing import Any

from chassis.core import deadline
from chassis.core import json as strict_json
from chassis.dispatch.breaker import PAUSE_S, SLOW_S
from chassis.dispatch.call import Call, Returns, Sends, Tagged
from chassis.dispatch.exchange import NOT_MODIFIED, OutgoingRequest, inner_headers
from chassis.dispatch.peer import Peer
from chassis.dispatch.retry import SAFE_METHODS
from chassis.dispatch.sender import Sender
from chassis.dispatch.transport import Answer, Query, Transport, address_of
from chassis.dispatch.transports import DEFAULT_TRANSPORT
from chassis.sealing.envelope import Envelope

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
        self.sender = Sender(envelope, sleep, is_background=purpose != "requests")
        self._envelope = envelope
        self._clock = clock
        self._turns: dict[Call[Any, Any], asyncio.Semaphore] = {}

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
        peer = self.peer(call.service, sealed=call.sealed)
        request = OutgoingRequest(
            peer,
            call.method,
            call.address(peer.url, path, query),
            headers,
            content,
            self.ends(call.timeout_s),
            repeatable=call.idempotency != "unrepeatable",
            slow_s=call.slow_s,
            timeout_s=call.timeout_s,
            sealed=call.sealed,
        )
        async with self._turn(call):
            return await self.sender.send(request)

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
        peer = self.peer(service, sealed=sealed)
        content = b"" if json is None else strict_json.dumps(json)
        timeout_s = deadline.DEFAULT_S if timeout is None else timeout
        request = OutgoingRequest(
            peer,
            method,
            address_of(peer.url, path, query),
            inner_headers(content, bearer, idempotency_key, client_address),
            content,
            self.ends(timeout_s),
            repeatable=method in SAFE_METHODS or idempotency_key is not None,
            slow_s=SLOW_S,
            timeout_s=timeout_s,
            sealed=sealed,
        )
        return await self.sender.send(request)

    def peer(self, service: str, *, sealed: bool) -> Peer:
        """
        Return a service that may be called.

        Raises:
            UnknownService: It has no address or, for sealed calls, no link.
        """
        peer = self._peers.get(service)
        if peer is None or (sealed and not self._envelope.knows(service)):
            raise UnknownService(service)
        return peer

    def ends(self, timeout: float) -> deadline.Deadline:
        """Return the earlier of a call's own deadline and that of the request being served."""
        serving = deadline.current()
        own = self._clock() + min(timeout, deadline.LONGEST_S)
        return deadline.Deadline(min(own, serving.at) if serving else own)

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

    def _turn(self, call: Call[Any, Any]) -> AbstractAsyncContextManager[None]:
        """Return the limit on concurrent calls of this kind (``at_once``)."""
        if call.at_once is None:
            return _NO_LIMIT
        return self._turns.setdefault(call, asyncio.Semaphore(call.at_once))
