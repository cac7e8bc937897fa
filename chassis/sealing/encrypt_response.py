"""``X-Encrypt-Response``: requests a sealed answer. It is absent, or exactly one ``true`` or ``false``."""

from collections.abc import Iterable

from starlette.types import Scope

from chassis.core.errors import BadRequest

_HEADER = b"x-encrypt-response"
_ASKED = b"true"
_ACCEPTED = frozenset({_ASKED, b"false"})


class InvalidEncryptResponse(BadRequest):
    """The header has a value other than ``true`` or ``false`` (400)."""

    code = "invalid_encrypt_response"
    message = "X-Encrypt-Response must be exactly one 'true' or 'false', in lower case, or be left out."


class EncryptionUnavailable(BadRequest):
    """A sealed answer was requested where there is none (400)."""

    code = "encryption_unavailable"
    message = "There is no encryption here: the route is public, or the request is not sealed and so names no caller."


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
