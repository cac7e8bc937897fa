"""Headers of sealed messages: those inside an envelope, which replace the outer ones, and ``X-Encrypt-Response``."""

from collections.abc import Iterable, Iterator, Mapping

from starlette.types import Scope

from chassis.core import deadline
from chassis.core.errors import BadRequest
from chassis.core.types import read_address
from chassis.sealing.fields import is_header_value
from chassis.sealing.wire import CLIENT_ADDRESS, TOKEN

INNER_HEADERS = frozenset(
    {
        "authorization",
        "content-type",
        "idempotency-key",
        "if-match",
        "if-none-match",
        "traceparent",
        "user-agent",
        CLIENT_ADDRESS,
        deadline.HEADER,
    }
)
"""Headers that belong to the request itself, and so are sent inside the envelope."""

_CONFLICTING = frozenset(name.encode() for name in INNER_HEADERS - {"content-type", "user-agent"})
_REPLACED = _CONFLICTING | {b"content-type", b"content-length", b"user-agent", TOKEN}
_HEADER = b"x-encrypt-response"
_ASKED = b"true"
_ACCEPTED = frozenset({_ASKED, b"false"})
Headers = list[tuple[bytes, bytes]]


class HeaderConflict(BadRequest):
    """A header outside the envelope differs from the one inside (400)."""

    code = "header_conflict"
    message = "A header outside the envelope differs from the sealed one; send it inside the envelope only."


class InvalidInnerHeader(BadRequest):
    """A header inside the envelope has a value that HTTP or the header itself does not allow (400)."""

    code = "invalid_inner_header"


def merge_headers(outer: Headers, inner: Mapping[str, str], body: bytes) -> Headers:
    """
    Replace outer headers by the inner ones.

    Args:
        body: The body from inside the envelope.

    Raises:
        InvalidInnerHeader: An inner header has an invalid value (400).
        HeaderConflict: An outer header of the same name has another value (400). (The outer Content-Type is the
            envelope's, and the outer User-Agent the caller's.)
    """
    merged = list(_encoded(inner))
    by_name = dict(merged)
    for name, value in outer:
        if name not in _REPLACED:
            merged.append((name, value))
        elif name in _CONFLICTING and by_name.get(name) != value:
            raise HeaderConflict
    merged.append((b"content-length", b"%d" % len(body)))
    return merged


def _encoded(inner: Mapping[str, str]) -> Iterator[tuple[bytes, bytes]]:
    for name, value in inner.items():
        if not is_header_value(value):
            msg = f"The sealed header '{name}' has a control character, a character beyond Latin-1, or over 8 KiB."
            raise InvalidInnerHeader(msg)
        if name == CLIENT_ADDRESS and read_address(value) is None:
            raise InvalidInnerHeader("The sealed header 'x-client-address' is not an IP address.")
        yield name.encode(), value.encode("latin-1")


class InvalidEncryptResponse(BadRequest):
    """The header has a value other than ``true`` or ``false`` (400)."""

    code = "invalid_encrypt_response"
    message = "X-Encrypt-Response must be exactly one 'true' or 'false', in lower case, or be left out."


class EncryptionUnavailable(BadRequest):
    """A sealed answer was requested where there is none (400)."""

    code = "encryption_unavailable"
    message = (
        "The answer cannot be encrypted: the route is public or the request not sealed. Leave X-Encrypt-Response out."
    )


def check_encrypt_response(headers: Iterable[tuple[bytes, bytes]]) -> None:
    """
    Check the header of any request, whatever its path.

    Raises:
        InvalidEncryptResponse: It occurs twice, or has another value (400).
    """
    values = [value for name, value in headers if name == _HEADER]
    if values and (len(values) > 1 or values[0] not in _ACCEPTED):
        raise InvalidEncryptResponse


def refuse_sealed_answer(scope: Scope) -> None:
    """
    Refuse a request for a sealed answer; the header has been checked.

    Raises:
        EncryptionUnavailable: The request asks for one (400).
    """
    if (_HEADER, _ASKED) in scope["headers"]:
        raise EncryptionUnavailable
