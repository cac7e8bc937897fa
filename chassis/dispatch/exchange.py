"""One exchange with a peer: seal and send a request, then open its answer."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from chassis.core import context as request_context
from chassis.core import deadline
from chassis.dispatch.errors import BadAnswer, Refusal
from chassis.dispatch.peer import Peer
from chassis.dispatch.transport import Address, Answer
from chassis.sealing.envelope import BadEnvelope, Envelope, Refused, SealedRequest, Target, offload
from chassis.sealing.wire import CLIENT_ADDRESS, unwrap_response, wrap_request

NOT_MODIFIED = 304
"""The status of the answer to a conditional read that has the tag already."""
_CONDITION = "if-none-match"
_OVERLOADED = 503
_SOON = re.compile("[0-9]{1,3}")
"""A ``Retry-After`` in seconds."""


@dataclass(frozen=True, slots=True)
class OutgoingRequest:
    """
    A request, as all attempts of one call send it.

    Attributes:
        headers: The headers inside the envelope.
        ends: When it must end: after ``timeout_s``, or earlier with the request being served.
        repeatable: Sending it twice has the same effect as sending it once.
        slow_s: As in ``Call``.
        timeout_s: As in ``Call``.
        is_forwarded: Every answer is returned, whatever its status.
    """

    peer: Peer
    method: str
    address: Address
    headers: dict[str, str]
    body: bytes
    ends: deadline.Deadline
    repeatable: bool
    slow_s: float | None
    timeout_s: float = deadline.DEFAULT_S
    sealed: bool = True
    is_forwarded: bool = False

    @property
    def is_conditional(self) -> bool:
        """Whether it is a read that may be answered with 304."""
        return _CONDITION in self.headers


async def exchange(envelope: Envelope, request: OutgoingRequest, left: float, trace: Mapping[str, str]) -> Answer:
    """
    Send a request once and return the answer, whatever its status.

    Args:
        left: Seconds until the exchange must end.
        trace: The headers that continue the trace at the peer.

    Raises:
        TransportError: The transport received no usable answer.
        BadAnswer: The answer to a sealed request is not sealed, or cannot be trusted.
        Refusal: It is an unsealed 503: the service is overloaded, and has not read the request.
    """
    headers = {**request.headers, **trace, deadline.HEADER: str(int((left - deadline.HOP_S) * 1000))}
    method, address, transport = request.method, request.address, request.peer.transport()
    if not request.sealed:
        return await transport.send(method, address, [*headers.items(), *outer_headers()], request.body, left)
    target = Target(method, address.path, address.query)
    seal = envelope.seal_request
    sealed = await offload(len(request.body), seal, request.peer.name, target, headers, request.body)
    outer, body = wrap_request(envelope.service, method, sealed)
    answer = await transport.send(method, address, outer + outer_headers(), body, left)
    return await _open(envelope, sealed, answer)


def inner_headers(
    body: bytes,
    bearer: str | None,
    idempotency_key: str | None,
    client_address: str | None,
    user_agent: str | None = None,
    if_none_match: str | None = None,
) -> dict[str, str]:
    """Return the headers inside the envelope."""
    candidates = {
        "authorization": f"Bearer {bearer}" if bearer else None,
        "content-type": "application/json" if body else None,
        "idempotency-key": idempotency_key,
        CLIENT_ADDRESS: client_address,
        "user-agent": user_agent,
        _CONDITION: if_none_match,
    }
    return {name: value for name, value in candidates.items() if value is not None}


def outer_headers() -> list[tuple[str, str]]:
    """Return the headers outside the envelope."""
    context = request_context.current()
    return [("x-request-id", context.request_id)] if context else []


async def _open(envelope: Envelope, request: SealedRequest, answer: Answer) -> Answer:
    try:
        key_id, token = unwrap_response(answer.headers, answer.body)
        opened = await offload(len(token), envelope.open_response, request, key_id, token, answer.status)
    except BadEnvelope as error:
        if answer.status == _OVERLOADED:
            raise Refusal(_unread(answer)) from error
        raise BadAnswer(f"an unsealed {answer.status} to a sealed call{_clock_hint(envelope, answer)}") from error
    except Refused as error:
        raise BadAnswer(f"an answer that cannot be trusted: {error.reason}") from error
    return Answer(opened.status, opened.headers, opened.body)


def _unread(answer: Answer) -> Answer:
    """
    Return what an unsealed 503 may say: when to come back.

    It may be forged, so nothing else of it is used. A forged one has no more effect than a cut connection.
    """
    when = answer.headers.get("retry-after", "")
    return Answer(_OVERLOADED, {"retry-after": when} if _SOON.fullmatch(when) else {}, b"")


def _clock_hint(envelope: Envelope, answer: Answer) -> str:
    """Describe how far the clocks differ, by the Date of a refusal: the receiver does not reveal its reason."""
    try:
        date_ms = 1000 * parsedate_to_datetime(answer.headers.get("date", "")).timestamp()
    except (ValueError, OverflowError):
        return ""
    difference = envelope.skew.difference(date_ms)
    return f"; {difference}" if difference else ""
