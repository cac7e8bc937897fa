"""
The outer form of a sealed message: its headers, and the place of the token (docs/protocol.md, "Request").

The client's side has its headers as text, the server's as bytes, as their libraries use them.
"""

from collections.abc import Mapping

from chassis.core import json as strict_json
from chassis.sealing.envelope import BadEnvelope, SealedRequest, check_token

COMMUNICATION = b"x-service-communication"
CALLER = b"x-service-name"
KEY_ID = b"x-key-id"
TOKEN = b"x-encrypted-data"
SEALED = b"encrypted"
CLIENT_ADDRESS = "x-client-address"
"""Inside only: the IP address of the person for whom the caller acts. A receiver decides which callers it trusts."""

MAX_HEADER_TOKEN = 6 * 1024
"""Bytes; servers and proxies accept headers of 8 KiB."""

_BODILESS_METHODS = frozenset({"GET", "HEAD", "DELETE"})
_BODILESS_STATUSES = frozenset({204, 205, 304})


class TokenTooLong(ValueError):
    """A request without a body is too large for a header: shorten its query, or make it a POST."""


def wrap_request(service: str, method: str, sealed: SealedRequest) -> tuple[list[tuple[str, str]], bytes]:
    """
    Return outer headers and body of a request of *service*.

    Raises:
        TokenTooLong: The method has no body, and the token is over 6 KiB.
    """
    headers = [("x-service-communication", "encrypted"), ("x-service-name", service), ("x-key-id", sealed.key_id)]
    if method not in _BODILESS_METHODS:
        return [*headers, ("content-type", "application/json")], _wrap(sealed.token)
    if len(sealed.token) > MAX_HEADER_TOKEN:
        msg = f"the token has {len(sealed.token)} bytes; a header may have {MAX_HEADER_TOKEN}"
        raise TokenTooLong(msg)
    return [*headers, ("x-encrypted-data", sealed.token.decode())], b""


def unwrap_request(method: str, tokens: list[bytes], body: bytes) -> bytes:
    """
    Return the token of a request, in its canonical spelling.

    Args:
        tokens: Every value of the header ``X-Encrypted-Data``.

    Raises:
        BadEnvelope: The outer form is not that required for the method.
    """
    if method not in _BODILESS_METHODS:
        return _unwrap(body)
    if body or len(tokens) != 1 or len(tokens[0]) > MAX_HEADER_TOKEN:
        raise BadEnvelope
    return check_token(tokens[0])


def wrap_response(method: str, status: int, key_id: str, token: bytes) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """Return outer headers and body of a response; where HTTP allows no body, the token is in a header."""
    headers = [(COMMUNICATION, SEALED), (KEY_ID, key_id.encode())]
    if method == "HEAD" or status in _BODILESS_STATUSES:
        return [*headers, (TOKEN, token)], b""
    body = _wrap(token)
    return [*headers, (b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))], body


def unwrap_response(headers: Mapping[str, str], body: bytes) -> tuple[str, bytes]:
    """
    Return the key id and the token of a response.

    Raises:
        BadEnvelope: The response is not sealed, or has another form.
    """
    if headers.get("x-service-communication") != "encrypted":
        raise BadEnvelope
    token = _unwrap(body) if body else check_token(headers.get("x-encrypted-data", "").encode("latin-1"))
    return headers.get("x-key-id", ""), token


def _wrap(token: bytes) -> bytes:
    return b'{"encrypted_data":"' + token + b'"}'


def _unwrap(body: bytes) -> bytes:
    try:
        outer = strict_json.loads(body, most_commas=0)
    except strict_json.InvalidJson as error:
        raise BadEnvelope from error
    if (
        not isinstance(outer, dict)
        or outer.keys() != {"encrypted_data"}
        or not isinstance(outer["encrypted_data"], str)
    ):
        raise BadEnvelope
    return check_token(outer["encrypted_data"].encode())
