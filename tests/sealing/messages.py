"""
Sealed messages as an attacker makes them: valid and nearly valid ones, sent byte for byte.

A second implementation of docs/protocol.md, which shares only the cipher's library with the first.
"""

import asyncio
import base64
import hashlib
import secrets
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self
from urllib.parse import urlsplit

import orjson
from cryptography.fernet import Fernet

from tests.support.fault_proxy import read_message

MARK = "x-service-communication"
CALLER = "x-service-name"
KEY_ID = "x-key-id"
TOKEN = "x-encrypted-data"
REQUEST_ID = "attack-00001"
"""Sent with every message, so that answers can be compared byte for byte."""
BODILESS = {"GET", "HEAD", "DELETE"}


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it came over the network."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def code(self) -> str:
        """The code of a plain problem; empty if there is none."""
        return str(orjson.loads(self.body).get("code", ""))

    @property
    def is_sealed(self) -> bool:
        """Return whether the answer is marked as sealed."""
        return (MARK, "encrypted") in self.headers

    @property
    def without_date(self) -> Self:
        """Return the answer without the headers that change with time."""
        return replace(self, headers=tuple(header for header in self.headers if header[0] != "date"))


@dataclass(frozen=True, slots=True)
class Wire:
    """A request byte for byte."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""

    @property
    def token(self) -> bytes:
        """Return the token in the body."""
        return str(orjson.loads(self.body)["encrypted_data"]).encode()

    def setting(self, name: str, value: str) -> Self:
        """Replace the header of this name."""
        return self.without(name).adding(name, value)

    def adding(self, name: str, value: str) -> Self:
        """Add another header of this name."""
        return replace(self, headers=(*self.headers, (name, value)))

    def without(self, name: str) -> Self:
        """Remove the headers of this name."""
        return replace(self, headers=tuple(header for header in self.headers if header[0] != name))

    def encode(self) -> bytes:
        """Serialise it; by default with a Content-Length."""
        is_framed = {"content-length", "transfer-encoding"} & {name for name, _ in self.headers}
        lines = [
            f"{self.method} {self.target} HTTP/1.1",
            "host: service",
            f"x-request-id: {REQUEST_ID}",
            *(f"{name}: {value}" for name, value in self.headers),
            *([] if is_framed else [f"content-length: {len(self.body)}"]),
        ]
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + self.body


@dataclass(frozen=True, slots=True)
class Opened:
    """The content of a sealed answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def code(self) -> str:
        """The code of a problem; empty if there is none."""
        return str(orjson.loads(self.body).get("code", ""))


@dataclass(frozen=True, slots=True)
class Message:
    """A sealed request, and the secrets that its sender needs to open the answer."""

    wire: Wire
    plaintext: bytes
    answer_keys: dict[str, str]

    def open(self, answer: Answer) -> Opened:
        """Open the sealed answer to this very request; anything else fails the test."""
        asked, headers = orjson.loads(self.plaintext), dict(answer.headers)
        assert answer.is_sealed, answer
        token = orjson.loads(answer.body)["encrypted_data"] if answer.body else headers[TOKEN]
        said = orjson.loads(Fernet(self.answer_keys[headers[KEY_ID]]).decrypt(token))
        assert said.keys() == {"v", "typ", "iss", "aud", "kid", "rid", "req", "iat_ms", "st", "h", "b"}
        digest = base64.urlsafe_b64encode(hashlib.sha256(self.plaintext).digest()).rstrip(b"=").decode()
        assert (said["v"], said["typ"], said["iss"], said["aud"]) == (1, "res", asked["aud"], asked["iss"])
        assert (said["kid"], said["rid"], said["req"]) == (headers[KEY_ID], asked["rid"], digest)
        assert said["st"] == answer.status
        return Opened(said["st"], said["h"], said["b"].encode())


@dataclass(frozen=True, slots=True)
class Forge:
    """
    Makes messages of one request, each different from the valid one in what a test changes.

    Args:
        keys: ``LINK_KEY__<FROM>__<TO>`` -> its value.
        headers: Those inside.
    """

    caller: str
    callee: str
    keys: Mapping[str, str]
    method: str
    path: str
    query: str = ""
    json: object = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def message(self, *, late_ms: int = 0) -> Message:
        """
        Seal the request.

        Args:
            late_ms: How long ago; negative for the future.
        """
        plaintext = orjson.dumps(self.fields() | {"iat_ms": time.time_ns() // 1_000_000 - late_ms})
        return Message(self.sealing(plaintext), plaintext, read_ring(self.keys, self.callee, self.caller))

    def valid(self) -> Wire:
        """Return a valid message."""
        return self.message().wire

    def crafted(self, **fields: object) -> Wire:
        """Seal other *fields* under the right key; None leaves one out."""
        message = self.fields() | fields
        return self.sealing(orjson.dumps({name: value for name, value in message.items() if value is not None}))

    def sealing(self, plaintext: bytes) -> Wire:
        """Seal this *plaintext* under the right key."""
        key_id, key = next(iter(read_ring(self.keys, self.caller, self.callee).items()))
        return self.carrying(key_id, Fernet(key).encrypt(plaintext))

    def carrying(self, key_id: str, token: bytes) -> Wire:
        """Return a message with this token."""
        headers = ((MARK, "encrypted"), (CALLER, self.caller), (KEY_ID, key_id))
        if self.method in BODILESS:
            return Wire(self.method, self._target, (*headers, (TOKEN, token.decode())))
        body = orjson.dumps({"encrypted_data": token.decode()})
        return Wire(self.method, self._target, (*headers, ("content-type", "application/json")), body)

    def plain(self) -> Wire:
        """Return the same request without a seal."""
        return Wire(self.method, self._target, tuple(self._inner_headers.items()), self._inner_body)

    def fields(self) -> dict[str, Any]:
        """Return the fields of a valid message."""
        key_id = next(iter(read_ring(self.keys, self.caller, self.callee)))
        return {
            "v": 1,
            "typ": "req",
            "iss": self.caller,
            "aud": self.callee,
            "kid": key_id,
            "rid": secrets.token_urlsafe(16),
            "iat_ms": time.time_ns() // 1_000_000,
            "m": self.method,
            "p": self.path,
            "q": self.query,
            "h": self._inner_headers,
            "b": self._inner_body.decode(),
        }

    @property
    def _inner_headers(self) -> dict[str, str]:
        kind = {} if self.json is None else {"content-type": "application/json"}
        return {**kind, **self.headers}

    @property
    def _inner_body(self) -> bytes:
        return b"" if self.json is None else orjson.dumps(self.json)

    @property
    def _target(self) -> str:
        return f"{self.path}{'?' if self.query else ''}{self.query}"


def read_ring(keys: Mapping[str, str], sender: str, receiver: str) -> dict[str, str]:
    """Return the keys of one direction by their ids, the encrypting one first."""
    pairs = keys[variable(sender, receiver)].split(",")
    return dict(pair.split(":") for pair in pairs)


def variable(sender: str, receiver: str) -> str:
    """Return the name of the variable of one direction."""
    return f"LINK_KEY__{sender}__{receiver}".upper()


def make_keys(*names: str) -> dict[str, str]:
    """Make a key for each direction between any two of these."""
    pairs = [(one, other) for one in names for other in names if one != other]
    return {variable(*pair): f"k1:{Fernet.generate_key().decode()}" for pair in pairs}


def as_setting(keys: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Write keys in the form of the setting ``link_key``."""
    setting: dict[str, dict[str, str]] = {}
    for name, ring in keys.items():
        _, sender, receiver = name.lower().split("__")
        setting.setdefault(sender, {})[receiver] = ring
    return setting


async def send(url: str, wire: Wire) -> Answer:
    """Send a request over a connection of its own, and read the answer."""
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    try:
        writer.write(wire.encode())
        return read_answer(await read_message(reader))
    finally:
        writer.close()


def read_answer(data: bytes) -> Answer:
    """Parse an answer."""
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = [line.partition(": ")[::2] for line in lines]
    return Answer(int(first.split(" ")[1]), tuple((name.lower(), value) for name, value in pairs), body)


def chunked(parts: Iterable[bytes]) -> bytes:
    """Frame a body in chunks."""
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
