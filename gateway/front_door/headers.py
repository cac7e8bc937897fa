"""Which headers pass the front door, in each direction."""

import re
from collections.abc import Iterable

from fastapi import Request

from chassis.core import deadline
from chassis.core.errors import BadRequest
from chassis.dispatch.transport import Headers
from chassis.sealing.headers import INNER_HEADERS
from chassis.sealing.wire import CLIENT_ADDRESS, COMMUNICATION
from chassis.web.origin import LONGEST_USER_AGENT, address_of

_OWN = frozenset({CLIENT_ADDRESS, "traceparent", "x-request-id"})
"""The gateway sets these anew."""
_OF_A_CONNECTION = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""Headers of one connection (RFC 9110, section 7.6.1)."""
_MARK = COMMUNICATION.decode()
_OF_A_MESSAGE = frozenset({"host", "content-length", "content-encoding", "expect"})
"""Read here: the body is passed on whole and unpacked."""
_OF_SEALS = frozenset({"x-service-name", "x-key-id", "x-encrypted-data", "x-encrypt-response"})
"""Without a mark they mean nothing."""
_INSIDE_SEALS = frozenset({deadline.HEADER})
"""Beside a sealed message, a service refuses it."""
_OF_PROXIES = re.compile(r"forwarded|x-forwarded-.*|x-real-ip")
"""The claims of outside clients; the server has read those of our proxy."""
_OF_CORS = frozenset({"origin", "access-control-request-method", "access-control-request-headers"})
"""The gateway decides which pages may read its answers."""
_NOT_INSIDE = _OWN | _OF_A_CONNECTION | _OF_A_MESSAGE | _OF_CORS
_NOT_OUTSIDE = _OF_A_CONNECTION | {"date", "server", "x-request-id", "x-content-type-options", "referrer-policy"}
"""The gateway's server and middleware write these."""
_VARIES_BY_CORS = ("vary", "Origin")


class RepeatedHeader(BadRequest):
    """A header that may occur once occurs twice (400)."""

    code = "repeated_header"


def is_sealed(request: Request) -> bool:
    """Whether a program has sealed the request for a service."""
    return _MARK in request.headers


def sealed_headers(request: Request) -> dict[str, str]:
    """
    Return the headers of a request that a sealed message has inside, and the address of the person.

    Raises:
        RepeatedHeader: One of them occurs twice: a sealed message has it once (400).
    """
    passed = dict[str, str]()
    for name in INNER_HEADERS - _OWN - {deadline.HEADER}:  # which the dispatcher sets
        values = request.headers.getlist(name)
        if len(values) > 1:
            raise RepeatedHeader(f"Send the header {name.title()} once.")
        if values:
            passed[name] = values[0]
    if "user-agent" in passed:
        passed["user-agent"] = passed["user-agent"][:LONGEST_USER_AGENT]
    address = address_of(request)
    return {**passed, CLIENT_ADDRESS: address} if address else passed


def plain_headers(request: Request) -> Headers:
    """Return the headers of a request that is sent on as it is; the last one has the address of the sender."""
    listed = {name.strip().lower() for name in request.headers.get("connection", "").split(",")}
    refused = _NOT_INSIDE | listed | (_INSIDE_SEALS if is_sealed(request) else _OF_SEALS)
    passed = [
        (name, value)
        for name, value in request.headers.items()
        if name not in refused and not _OF_PROXIES.fullmatch(name)
    ]
    address = address_of(request)
    return [*passed, ("x-forwarded-for", address)] if address else passed


def answer_headers(headers: Iterable[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    """Return the headers of a service's answer that the person gets."""
    return [
        (name.encode(), value.encode("latin-1"))
        for name, value in headers
        if name not in _NOT_OUTSIDE and (name, value) != _VARIES_BY_CORS
    ]
