"""Which headers pass the front door, in each direction."""

from collections.abc import Iterable, Mapping

from fastapi import Request

from chassis.core import deadline
from chassis.core.errors import BadRequest
from chassis.dispatch.transport import Headers
from chassis.sealing.headers import INNER_HEADERS
from chassis.sealing.wire import CLIENT_ADDRESS

_OWN = frozenset({CLIENT_ADDRESS, deadline.HEADER, "traceparent"})
"""The gateway sets these anew."""
_HOP_BY_HOP = frozenset(
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
_NOT_INSIDE = (
    _HOP_BY_HOP
    | _OWN
    | {
        *("host", "content-length", "content-encoding", "expect", "x-request-id"),
        *(
            "forwarded",
            "x-forwarded-for",
            "x-forwarded-proto",
            "x-forwarded-host",
            "x-forwarded-port",
            "x-forwarded-prefix",
            "x-real-ip",
        ),
    }
)
_NOT_OUTSIDE = _HOP_BY_HOP | {
    *(
        "content-length",
        "date",
        "server",
        "x-request-id",
        "x-content-type-options",
        "referrer-policy",
        "x-retry-exhausted",
    ),
}
"""The gateway's server and middleware write these."""


class RepeatedHeader(BadRequest):
    """A header that may occur once occurs twice (400)."""

    code = "repeated_header"


def sealed_headers(request: Request) -> dict[str, str]:
    """
    Return the headers of a request that a sealed message has inside, and the address of the person.

    Raises:
        RepeatedHeader: One of them occurs twice: a sealed message has it once (400).
    """
    passed = dict[str, str]()
    for name in sorted(INNER_HEADERS - _OWN):
        values = request.headers.getlist(name)
        if len(values) > 1:
            raise RepeatedHeader(f"Send the header {name.title()} once.")
        if values:
            passed[name] = values[0]
    return passed | ({CLIENT_ADDRESS: request.client.host} if request.client else {})


def plain_headers(request: Request) -> Headers:
    """Return the headers of a request that is sent on as it is; the last one has the address of the sender."""
    listed = {name.strip().lower() for name in request.headers.get("connection", "").split(",")}
    refused = _NOT_INSIDE | listed
    passed = [(name, value) for name, value in request.headers.items() if name not in refused]
    return [*passed, *([("x-forwarded-for", request.client.host)] if request.client else [])]


def answer_headers(headers: Iterable[tuple[str, str]] | Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """Return the headers of a service's answer that the person gets."""
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    return [(name.encode(), value.encode("latin-1")) for name, value in pairs if name not in _NOT_OUTSIDE]
