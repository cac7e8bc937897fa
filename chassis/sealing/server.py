"""
The receiving side of sealed dispatch: the checks of docs/protocol.md in order, then the route, then a sealed answer.

It runs between routing and the endpoint, so an unknown path or method has already been refused (check 1).
"""

import asyncio
from collections.abc import Callable, Collection, Mapping

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.core import context as request_context
from chassis.core import deadline
from chassis.core.errors import BadRequest, DeadlineExceeded, Unauthenticated, UnsupportedMediaType
from chassis.core.problems import answer_error
from chassis.sealing.access import READS, Access, Mode
from chassis.sealing.body import BodyBudget, Charge, Overloaded, has_body, read_body, refuse_nul, replaying, unpack
from chassis.sealing.envelope import BadEnvelope, Envelope, NotFromNow, OpenedRequest, Refused, Target, offload
from chassis.sealing.headers import INNER_HEADERS, EncryptionUnavailable, merge_headers, refuse_sealed_answer
from chassis.sealing.replay import Claim, ReplayStore
from chassis.sealing.sealed_send import SealedSend
from chassis.sealing.wire import CALLER, COMMUNICATION, KEY_ID, SEALED, TOKEN, unwrap_request

log = structlog.get_logger(__name__)

_GZIP = frozenset({b"gzip", b"x-gzip"})
_ENCODINGS = _GZIP | {b"identity", b""}
_TIMEOUT = deadline.HEADER.encode()


class EncryptionRequired(BadRequest):
    """A plain request to a route for sealed ones (400)."""

    code = "encryption_required"
    message = (
        "This route takes sealed requests only, with exactly one header 'X-Service-Communication: encrypted'; "
        "`bin/cli call` sends them."
    )

    def __init__(self, setting: str | None = None) -> None:
        plain = f" It takes plain JSON too in a service with {setting.upper()}=true." if setting else ""
        super().__init__(f"{self.message}{plain}")


class MalformedEnvelope(BadRequest):
    """The outer form of a sealed request is invalid (400)."""

    code = "bad_envelope"
    message = 'A sealed request is {"encrypted_data": "<token>"}, or without a body the token in X-Encrypted-Data.'


class Receiver:
    """
    Opens the requests of a service and seals its answers.

    Args:
        replays: Stores the nonces. None: no route of the service stores one (``RoutePolicy.stores``).
        strict: Whether routes with access ``encrypted`` refuse plain requests.
        max_body: Cap on a body, bytes.
        max_in_flight: How many requests are served at a time, counted once their bodies are complete; more are refused.
        on_open: Called with each opened request, before its route runs.
        settings: The settings of the service that are true, of those that routes name.
    """

    def __init__(  # noqa: PLR0913 - its limits and settings
        self,
        envelope: Envelope,
        replays: ReplayStore | None,
        *,
        strict: bool,
        max_body: int,
        max_in_flight: int,
        on_open: Callable[[Scope], None],
        settings: Collection[str] = (),
    ) -> None:
        self._envelope = envelope
        self._replays = replays
        self._strict = strict
        self._max_body = max_body
        self._max_in_flight = max_in_flight
        self._on_open = on_open
        self._settings = settings
        self._in_flight = 0
        self._bodies = BodyBudget()

    @property
    def in_flight(self) -> int:
        """The number of requests being served, including their background tasks."""
        return self._in_flight

    async def serve(
        self, app: ASGIApp, access: Access, scope: Scope, receive: Receive, send: Send, *, claims: bool
    ) -> None:
        """
        Serve one request with *app*, the route's own application.

        Args:
            claims: Whether the route's own transaction stores the nonce.
        """
        self._refuse_if_full()  # before the body is read
        headers, charge = dict(scope["headers"]), Charge(self._bodies)
        try:
            body = await self._read(access, headers, receive, charge)
            # Counted only now: slow senders of bodies would keep out everyone else.
            self._refuse_if_full()
            self._in_flight += 1
            try:
                if self._is_sealed(access, scope, headers):
                    opened = await self._open(access, scope, body)
                    await self._serve_sealed(app, opened, scope, receive, send, claims=claims)
                else:
                    # The deadline of a request that is not opened here is inside; its service keeps to it.
                    is_passed = access.passes_seals and COMMUNICATION in headers
                    default_s = deadline.LONGEST_S if is_passed else deadline.DEFAULT_S
                    await self._run(app, body, scope, replaying(body, receive), send, default_s)
            finally:
                self._in_flight -= 1
        finally:
            charge.release()

    def _refuse_if_full(self) -> None:
        if self._in_flight >= self._max_in_flight:
            raise Overloaded

    async def _read(self, access: Access, headers: Mapping[bytes, bytes], receive: Receive, charge: Charge) -> bytes:
        is_packed = _is_packed(access, headers)
        cap = access.max_body or self._max_body
        if not has_body(headers, cap):
            return b""
        body = await read_body(receive, cap, charge)
        if not is_packed:
            return body
        unpacked = unpack(body, cap)
        charge.add(len(unpacked))
        return unpacked

    def _is_sealed(self, access: Access, scope: Scope, headers: Mapping[bytes, bytes]) -> bool:
        marks = [value for name, value in scope["headers"] if name == COMMUNICATION]
        if marks and access.passes_seals:
            return False
        sealed = marks == [SEALED]
        needs_seal = access.needs_seal(
            strict=self._strict, has_authorization=b"authorization" in headers, settings=self._settings
        )
        if (marks and not sealed) or (not sealed and needs_seal):
            raise EncryptionRequired(access.plain_if)
        if not sealed:
            refuse_sealed_answer(scope)
        elif access.mode is Mode.PUBLIC:
            raise EncryptionUnavailable
        return sealed

    async def _open(self, access: Access, scope: Scope, body: bytes) -> OpenedRequest:
        token = _token(scope, body)
        caller, key_id = _only(scope, CALLER), _only(scope, KEY_ID)
        target = Target(scope["method"], scope["raw_path"].decode("latin-1"), scope["query_string"].decode("latin-1"))
        try:
            opened = await offload(len(token), self._envelope.open_request, caller, key_id, token, target)
            _check_permission(access, opened)
        except Refused as refused:
            if not isinstance(refused, NotFromNow):
                log.warning("sealed request refused", reason=refused.reason, caller=caller[:64], key_id=key_id[:64])
            raise Unauthenticated from refused
        return opened

    async def _serve_sealed(
        self, app: ASGIApp, opened: OpenedRequest, scope: Scope, receive: Receive, send: Send, *, claims: bool
    ) -> None:
        """From here on the caller is known, and every answer is sealed for it."""
        claim = Claim(opened.caller, opened.request_id)
        sealed = SealedSend(self._envelope, opened, claim, send, scope["method"])
        try:
            if scope["method"] not in READS:
                await self._claim(claim, scope, in_transaction=claims)
            scope["headers"] = merge_headers(scope["headers"], opened.headers, opened.body)
            _join_trace(opened)
            scope.setdefault("state", {})["caller"] = opened.caller
            await self._run(app, opened.body, scope, replaying(opened.body, receive), sealed)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is answered sealed
            await answer_error(error, scope, receive, sealed)

    async def _claim(self, claim: Claim, scope: Scope, *, in_transaction: bool) -> None:
        if in_transaction:
            scope["claim"] = claim
        elif self._replays is None or not await self._replays.claim(claim.issuer, claim.request_id):
            raise claim.refuse()

    async def _run(
        self,
        app: ASGIApp,
        body: bytes,
        scope: Scope,
        receive: Receive,
        send: Send,
        default_s: float = deadline.DEFAULT_S,
    ) -> None:
        """Run the route; stop it when its deadline has passed, unless its answer has begun."""
        self._on_open(scope)
        headers = dict(scope["headers"])
        refuse_nul(body, headers.get(b"content-type", b""))
        left = deadline.start(_seconds(headers.get(_TIMEOUT), default_s)).remaining()
        try:
            async with asyncio.timeout(left) as limit:

                async def started(message: Message) -> None:
                    # The deadline may have passed: a library may finish its work although it was cancelled.
                    if not limit.expired():
                        limit.reschedule(None)
                    await send(message)

                await app(scope, receive, started)
        except TimeoutError as error:
            if limit.expired():
                raise DeadlineExceeded from error
            raise


def _is_packed(access: Access, headers: Mapping[bytes, bytes]) -> bool:
    """
    Whether a body is gzip; names of encodings are case-insensitive (RFC 9110, section 8.4.1).

    Raises:
        UnsupportedMediaType: It has another encoding, or the route allows none (415).
    """
    encoding = headers.get(b"content-encoding")
    if encoding is None:
        return False
    name = encoding.strip().lower()
    if not access.gzip or name not in _ENCODINGS:
        raise UnsupportedMediaType
    return name in _GZIP


def _only(scope: Scope, wanted: bytes) -> str:
    """Return the value of a header; empty if it is absent or occurs twice: a proxy might use the other value."""
    values = [value for name, value in scope["headers"] if name == wanted]
    return values[0].decode("latin-1") if len(values) == 1 else ""


def _token(scope: Scope, body: bytes) -> bytes:
    tokens = [value for name, value in scope["headers"] if name == TOKEN]
    try:
        return unwrap_request(scope["method"], tokens, body)
    except BadEnvelope as error:
        raise MalformedEnvelope from error


def _check_permission(access: Access, opened: OpenedRequest) -> None:
    if not opened.headers.keys() <= INNER_HEADERS:
        raise Refused("an inner header that is not allowed")
    if not access.allows(opened.caller):
        raise Refused("caller not allowed here")


def _join_trace(opened: OpenedRequest) -> None:
    context = request_context.current()
    if context and "traceparent" in opened.headers:
        context.join(opened.headers["traceparent"])


def _seconds(header: bytes | None, default_s: float) -> float:
    try:
        return deadline.seconds_from_header(header.decode("latin-1") if header else None, default_s)
    except ValueError as error:
        raise BadRequest(str(error)) from error
