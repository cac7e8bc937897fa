"""The sealed envelope (docs/protocol.md): a request and its response, encrypted and bound to each other."""

import asyncio
import base64
import hashlib
import secrets
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

import orjson

from chassis.core import json as strict_json
from chassis.core.clock import ClockSkew, unix_ms
from chassis.sealing.fernet import InvalidToken, LinkFernet
from chassis.sealing.fields import LAST_MS, are_headers, is_request_id
from chassis.sealing.keys import KeyRing, Link

P = ParamSpec("P")
T = TypeVar("T")

VERSION = 1
CLAIM_SECONDS = 120
"""How long a receiver stores a nonce: longer than a request is valid."""

_BLOCKING_BYTES = 64 * 1024
"""From this size on Fernet takes over a millisecond, which would block the event loop."""

_ALPHABET = (string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_").encode()
_LAST = {0: _ALPHABET, 1: _ALPHABET[::4], 2: _ALPHABET[::16]}
"""Padding -> the possible last characters if its unused bits are zero."""

_REQUEST = {
    "v": int, "typ": str, "iss": str, "aud": str, "kid": str, "rid": str, "iat_ms": int,
    "m": str, "p": str, "q": str, "h": dict, "b": str,
}  # fmt: skip
_RESPONSE = {
    "v": int, "typ": str, "iss": str, "aud": str, "kid": str, "rid": str, "req": str, "iat_ms": int,
    "st": int, "h": dict, "b": str,
}  # fmt: skip


class BadEnvelope(Exception):
    """The outer form is not that of a sealed message."""


class Refused(Exception):
    """A sealed message that must not be trusted. The reason is for the log only: for a sender it would be an oracle."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class NotFromNow(Refused):
    """An authentic message that is too old or from the future; ``ClockSkew`` has logged it."""


@dataclass(frozen=True, slots=True)
class Target:
    """The binding of a request: method, raw path and raw query, exactly as they are sent."""

    method: str
    path: str
    query: str


@dataclass(frozen=True, slots=True)
class SealedRequest:
    """A request ready to be sent, and the values that its response must match."""

    peer: str
    key_id: str
    request_id: str
    digest: str
    token: bytes


@dataclass(frozen=True, slots=True)
class OpenedRequest:
    """A request with a known sender, and the values that its response is bound to."""

    caller: str
    request_id: str
    digest: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class OpenedResponse:
    """A response to exactly the request for which it was opened."""

    status: int
    headers: dict[str, str]
    body: bytes


class Envelope:
    """
    Seals and opens the messages of one service.

    Args:
        service: Its name, which every message contains.
        links: Peer -> keys.
        clock_ms: The time of day, milliseconds since 1970.
    """

    def __init__(self, service: str, links: Mapping[str, Link], clock_ms: Callable[[], int] = unix_ms) -> None:
        self.service = service
        self._sending = {peer: _Ciphers(link.sending) for peer, link in links.items()}
        self._receiving = {peer: _Ciphers(link.receiving) for peer, link in links.items()}
        self.skew = ClockSkew(clock_ms)

    def knows(self, peer: str) -> bool:
        """Whether there is a link to *peer*."""
        return peer in self._sending

    def seal_request(self, peer: str, target: Target, headers: Mapping[str, str], body: bytes) -> SealedRequest:
        """
        Seal a request for *peer*; each call generates a new nonce.

        Args:
            headers: The inner headers, names in lower case.
            body: UTF-8 text.
        """
        ciphers = self._sending[peer]
        request_id = secrets.token_urlsafe(16)
        plaintext = orjson.dumps({
            "v": VERSION, "typ": "req", "iss": self.service, "aud": peer, "kid": ciphers.key_id, "rid": request_id,
            "iat_ms": self.skew.now_ms(), "m": target.method, "p": target.path, "q": target.query,
            "h": headers, "b": body.decode(),
        })  # fmt: skip
        return SealedRequest(peer, ciphers.key_id, request_id, _digest(plaintext), ciphers.encrypt(plaintext))

    def open_request(self, caller: str, key_id: str, token: bytes, target: Target) -> OpenedRequest:
        """
        Open a request from *caller* that arrived at *target*.

        Raises:
            Refused: Unknown caller or key, forged, malformed, for another target, or outside the time window.
        """
        plaintext = _decrypt(self._receiving.get(caller), key_id, token)
        message = _parse(plaintext, _REQUEST)
        self._check(message, "req", caller, key_id)
        if not is_request_id(message["rid"]):
            raise Refused("a request id of another length or alphabet")
        if (message["m"], message["p"], message["q"]) != (target.method, target.path, target.query):
            raise Refused("another target")
        return OpenedRequest(caller, message["rid"], _digest(plaintext), message["h"], message["b"].encode())

    def seal_response(
        self, request: OpenedRequest, status: int, headers: Mapping[str, str], body: bytes
    ) -> tuple[str, bytes]:
        """Seal the response to *request* for its caller; returns the key id and the token."""
        ciphers = self._sending[request.caller]
        plaintext = orjson.dumps({
            "v": VERSION, "typ": "res", "iss": self.service, "aud": request.caller, "kid": ciphers.key_id,
            "rid": request.request_id, "req": request.digest, "iat_ms": self.skew.now_ms(),
            "st": status, "h": headers, "b": body.decode(),
        })  # fmt: skip
        return ciphers.key_id, ciphers.encrypt(plaintext)

    def open_response(self, request: SealedRequest, key_id: str, token: bytes, status: int) -> OpenedResponse:
        """
        Open the response to *request*, which came with the HTTP *status*.

        Raises:
            Refused: Forged, malformed, too old, or the answer to another request.
        """
        message = _parse(_decrypt(self._receiving.get(request.peer), key_id, token), _RESPONSE)
        self._check(message, "res", request.peer, key_id)
        if (message["rid"], message["req"]) != (request.request_id, request.digest):
            raise Refused("answer to another request")
        if message["st"] != status:
            raise Refused("another status")
        if not are_headers(message["h"]):
            raise Refused("a header that is not valid in HTTP")
        return OpenedResponse(status, message["h"], message["b"].encode())

    def _check(self, message: Mapping[str, Any], kind: str, sender: str, key_id: str) -> None:
        expected = (VERSION, kind, sender, self.service, key_id)
        if (message["v"], message["typ"], message["iss"], message["aud"], message["kid"]) != expected:
            raise Refused("another version, kind, sender, receiver or key id")
        if not 0 <= message["iat_ms"] <= LAST_MS:
            raise Refused("a time out of range")
        if reason := self.skew.refusal(sender, message["iat_ms"]):
            raise NotFromNow(reason)


class _Ciphers:
    """The ciphers of one key ring, each built once."""

    def __init__(self, ring: KeyRing) -> None:
        self._by_id = {key_id: LinkFernet(key) for key_id, key in ring.keys}
        self.key_id, _ = ring.keys[0]
        self._first = self._by_id[self.key_id]

    def encrypt(self, plaintext: bytes) -> bytes:
        return self._first.encrypt(plaintext)

    def get(self, key_id: str) -> LinkFernet | None:
        return self._by_id.get(key_id)


def check_token(token: bytes) -> bytes:
    """
    Return *token* if it is the only valid spelling of its bytes.

    Fernet decodes leniently: it ignores newlines and junk, and the unused bits of the last character. So one message
    would have many spellings.

    Raises:
        BadEnvelope: It is another spelling, or not base64url.
    """
    text = token.rstrip(b"=")
    padding = len(token) - len(text)
    is_base64url = text and len(token) % 4 == 0 and not text.translate(None, _ALPHABET)
    if not is_base64url or padding not in _LAST or text[-1] not in _LAST[padding]:
        raise BadEnvelope
    return token


async def offload(size: int, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Seal or open a message of *size* bytes: directly if that is quick, otherwise in a thread."""
    if size < _BLOCKING_BYTES:
        return function(*args, **kwargs)
    return await asyncio.to_thread(function, *args, **kwargs)


def _decrypt(ciphers: _Ciphers | None, key_id: str, token: bytes) -> bytes:
    cipher = ciphers.get(key_id) if ciphers else None
    if cipher is None:
        raise Refused("unknown caller or key id")
    try:
        return cipher.decrypt(token)
    except InvalidToken as error:
        raise Refused("cannot be decrypted") from error


def _parse(plaintext: bytes, fields: Mapping[str, type]) -> dict[str, Any]:
    try:
        message = strict_json.loads(plaintext)
    except strict_json.InvalidJson as error:
        raise Refused("not JSON") from error
    if not isinstance(message, dict) or message.keys() != fields.keys():
        raise Refused("other fields")
    for name, kind in fields.items():
        if type(message[name]) is not kind:
            raise Refused("a field of another type")
    for value in message["h"].values():
        if type(value) is not str:
            raise Refused("a header of another type")
    return message


def _digest(plaintext: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(plaintext).digest()).rstrip(b"=").decode()
