"""
The receiving side of sealed dispatch: the checks of docs/protocol.md in order, then the route, then a sealed answer.

It stands between routing and the endpoint, so that an unknown path or method has been refused before (check 1).
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

import structlog
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.dispatch import deadline
from chassis.errors import (
    BadRequest,
    DeadlineExceeded,
    PayloadTooLarge,
    RequestTimeout,
    ServiceUnavailable,
    Unauthenticated,
    UnsupportedMediaType,
    answer_error,
)
from chassis.sealing.envelope import BadEnvelope, Envelope, OpenedRequest, Refused, Target, offload
from chassis.sealing.modes import Mode, Policy
from chassis.sealing.wire import (
    CALLER,
    COMMUNICATION,
    ENCRYPT_RESPONSE,
    KEY_ID,
    SEALED,
    TOKEN,
    unwrap_request,
    wrap_response,
)

log = structlog.get_logger(__name__)

INNER_HEADERS = frozenset({"authorization", "idempotency-key", "content-type", deadline.HEADER, "traceparent"})

_READS = frozenset({"GET", "HEAD"})
_OUTER_ONLY = frozenset({"content-length", "x-request-id"})
"""Response headers that stay outside: they are about the wire."""


class EncryptionRequired(BadRequest):
    """A plain request to a route that takes sealed ones."""

    code = "encryption_required"
    message = "This route takes sealed requests only, with exactly one header 'X-Service-Communication: encrypted'."


class EncryptionUnavailable(BadRequest):
    """Encryption was asked for where there is none."""

    code = "encryption_unavailable"
    message = "There is no encryption here: the route is public, or the request is not sealed and so names no caller."


class MalformedEnvelope(BadRequest):
    """The outer form of a sealed request is wrong."""

    code = "bad_envelope"
    message = 'A sealed request is {"encrypted_data": "<token>"}, or without a body the token in X-Encrypted-Data.'


class HeaderConflict(BadRequest):
    """A header outside the envelope contradicts the one inside."""

    code = "header_conflict"
    message = "A header outside the envelope contradicts the sealed one."


class Overloaded(ServiceUnavailable):
    """As many requests are being served as can be."""

    code = "overloaded"
    message = "Too many requests are being served; try again in a second."

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "1"})


class ReplayStore(Protocol):
    """Where a service remembers the requests it has seen; shared by all its workers and replicas."""

    async def claim(self, issuer: str, request_id: str) -> bool:
        """
        Remember a request for 120 s; False if it was there already.

        Raises:
            ServiceUnavailable: The store cannot be reached, so the request must not be accepted.
        """


@dataclass(slots=True)
class Claim:
    """A request that is claimed as the first statement of its transaction (see ``claims_request``)."""

    issuer: str
    request_id: str
    refused: bool = False

    def refuse(self) -> Unauthenticated:
        """Give the error to raise when the request was there already; it is answered like every other 401."""
        self.refused = True
        return Unauthenticated()


D = TypeVar("D", bound=Callable[..., object])


def claims_request(dependency: D) -> D:
    """Mark a dependency that opens the request's transaction and claims ``request.scope["claim"]`` in it."""
    dependency.claims_request = True  # type: ignore[attr-defined]
    return dependency


class Receiver:
    """
    Opens what arrives at a service and seals its answers.

    Args:
        strict: Whether routes of mode ``encrypted`` refuse plain requests.
        max_body: Cap on a body, in bytes.
        max_in_flight: How many requests are served at a time; more are turned away unread.
    """

    def __init__(
        self, envelope: Envelope, replays: ReplayStore, *, strict: bool, max_body: int, max_in_flight: int
    ) -> None:
        self._envelope = envelope
        self._replays = replays
        self._strict = strict
        self._max_body = max_body
        self._max_in_flight = max_in_flight
        self._in_flight = 0

    async def serve(
        self, app: ASGIApp, policy: Policy, scope: Scope, receive: Receive, send: Send, *, claims: bool
    ) -> None:
        """
        Serve one request with *app*, the route's own application.

        Args:
            claims: The route claims the request in its own transaction.
        """
        if self._in_flight >= self._max_in_flight:
            raise Overloaded
        self._in_flight += 1
        try:
            await self._serve(app, policy, scope, receive, send, claims=claims)
        finally:
            self._in_flight -= 1

    async def _serve(
        self, app: ASGIApp, policy: Policy, scope: Scope, receive: Receive, send: Send, *, claims: bool
    ) -> None:
        headers = Headers(scope=scope)
        if "content-encoding" in headers:
            raise UnsupportedMediaType
        body = await self._read(headers, receive)
        if not self._is_sealed(policy, headers):
            await _run(app, headers.get(deadline.HEADER), scope, _replay(body, receive), send)
            return
        opened = await self._open(policy, scope, headers, _token(scope["method"], headers, body))
        await self._answer_sealed(app, opened, scope, receive, send, claims=claims)

    async def _answer_sealed(
        self, app: ASGIApp, opened: OpenedRequest, scope: Scope, receive: Receive, send: Send, *, claims: bool
    ) -> None:
        claim = Claim(opened.caller, opened.request_id)
        if scope["method"] not in _READS and claims:
            scope["claim"] = claim
        sealed = _SealedSend(self._envelope, opened, claim, send, scope["method"])
        try:
            if scope["method"] not in _READS and not claims:
                await self._claim(claim)
            scope["headers"] = _merge(scope["headers"], opened)
            scope.setdefault("state", {})["caller"] = opened.caller
            await _run(app, opened.headers.get(deadline.HEADER), scope, _replay(opened.body, receive), sealed)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is answered sealed
            await answer_error(error, scope, receive, sealed)

    async def _claim(self, claim: Claim) -> None:
        if not await self._replays.claim(claim.issuer, claim.request_id):
            log.warning("sealed request refused", reason="replayed", caller=claim.issuer)
            raise claim.refuse()

    async def _read(self, headers: Headers, receive: Receive) -> bytes:
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length[:12]) > self._max_body:
            raise PayloadTooLarge
        chunks, size = [], 0
        try:
            async with asyncio.timeout(deadline.DEFAULT_S):
                async for chunk in _chunks(receive):
                    size += len(chunk)
                    if size > self._max_body:
                        raise PayloadTooLarge
                    chunks.append(chunk)
        except TimeoutError as error:
            raise RequestTimeout from error
        return _without_nul(headers, b"".join(chunks))

    def _is_sealed(self, policy: Policy, headers: Headers) -> bool:
        marks = headers.getlist(COMMUNICATION)
        sealed = marks == [SEALED]
        if (marks and not sealed) or (not sealed and policy.needs_seal(strict=self._strict)):
            raise EncryptionRequired
        asks = headers.get(ENCRYPT_RESPONSE, "").lower() == "true"
        if (sealed and policy.mode is Mode.PUBLIC) or (asks and not sealed):
            raise EncryptionUnavailable
        return sealed

    async def _open(self, policy: Policy, scope: Scope, headers: Headers, token: bytes) -> OpenedRequest:
        caller, key_id = headers.get(CALLER, ""), headers.get(KEY_ID, "")
        target = Target(scope["method"], scope["raw_path"].decode("latin-1"), scope["query_string"].decode("latin-1"))
        try:
            opened = await offload(len(token), self._envelope.open_request, caller, key_id, token, target)
            _check_permission(policy, opened)
        except Refused as refused:
            log.warning("sealed request refused", reason=refused.reason, caller=caller, key_id=key_id)
            raise Unauthenticated from refused
        return opened


def _check_permission(policy: Policy, opened: OpenedRequest) -> None:
    if not opened.headers.keys() <= INNER_HEADERS:
        raise Refused("an inner header that is not taken")
    if not policy.allows(opened.caller):
        raise Refused("caller not allowed here")


class _SealedSend:
    """Collects the answer of the route, seals it and sends it as one."""

    def __init__(self, envelope: Envelope, request: OpenedRequest, claim: Claim, send: Send, method: str) -> None:
        self._envelope = envelope
        self._request = request
        self._claim = claim
        self._send = send
        self._method = method
        self._start: Message = {}
        self._body: list[bytes] = []

    async def __call__(self, message: Message) -> None:
        if self._claim.refused:
            await self._send(message)
        elif message["type"] == "http.response.start":
            self._start = message
            self._body.clear()
        else:
            self._body.append(message.get("body", b""))
            if not message.get("more_body", False):
                await self._finish(b"".join(self._body))

    async def _finish(self, body: bytes) -> None:
        status = self._start["status"]
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in self._start["headers"]}
        inner = {name: value for name, value in headers.items() if name not in _OUTER_ONLY}
        key_id, token = await offload(len(body), self._envelope.seal_response, self._request, status, inner, body)
        outer, sealed = wrap_response(self._method, status, key_id, token)
        raw = [(name.encode(), value.encode()) for name, value in outer.items()]
        await self._send({"type": "http.response.start", "status": status, "headers": raw})
        await self._send({"type": "http.response.body", "body": sealed})


def _without_nul(headers: Headers, body: bytes) -> bytes:
    """Refuse what no database takes in a text; in JSON it is written otherwise, and refused by the parser."""
    is_form = headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    if b"\0" in body or (is_form and b"%00" in body):
        msg = "The body contains a NUL character."
        raise BadRequest(msg)
    return body


def _token(method: str, headers: Headers, body: bytes) -> bytes:
    try:
        return unwrap_request(method, headers.getlist(TOKEN), body)
    except BadEnvelope as error:
        raise MalformedEnvelope from error


def _merge(outer: list[tuple[bytes, bytes]], opened: OpenedRequest) -> list[tuple[bytes, bytes]]:
    """
    Put the inner headers in the place of the outer ones.

    Raises:
        HeaderConflict: An outer header of the same name says something else. (Content-Type outside is the envelope's.)
    """
    inner = {name.encode(): value.encode("latin-1", "replace") for name, value in opened.headers.items()}
    names = {name.encode() for name in INNER_HEADERS}
    if any(name in names and name != b"content-type" and inner.get(name) != value for name, value in outer):
        raise HeaderConflict
    dropped = names | {b"content-length", TOKEN.encode()}
    kept = [(name, value) for name, value in outer if name not in dropped]
    return [*kept, *inner.items(), (b"content-length", str(len(opened.body)).encode())]


async def _run(app: ASGIApp, timeout_header: str | None, scope: Scope, receive: Receive, send: Send) -> None:
    """Run the route; once its time is up, stop it, unless it has begun to answer."""
    try:
        seconds = deadline.seconds_from_header(timeout_header)
    except ValueError as error:
        raise BadRequest(str(error)) from error
    left = deadline.start(seconds).remaining()
    try:
        async with asyncio.timeout(left) as limit:

            async def started(message: Message) -> None:
                limit.reschedule(None)
                await send(message)

            await app(scope, receive, started)
    except TimeoutError as error:
        if limit.expired():
            raise DeadlineExceeded from error
        raise


async def _chunks(receive: Receive) -> AsyncIterator[bytes]:
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        yield message.get("body", b"")
        if not message.get("more_body", False):
            return


def _replay(body: bytes, receive: Receive) -> Callable[[], Awaitable[Message]]:
    """Hand the body on as one message; after it the wire speaks again (it can only say that the client left)."""
    pending = [body]

    async def replay() -> Message:
        if pending:
            return {"type": "http.request", "body": pending.pop(), "more_body": False}
        return await receive()

    return replay
