"""The identity of a request: its caller, operation, key and content."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Self
from uuid import UUID

from fastapi import Request

from chassis.application import application_of
from chassis.idempotency.kinds import InvalidIdempotencyKey
from chassis.postgres.statements import Part

_QUOTED = re.compile(r'"((?:[ !#-\[\]-~]|\\["\\])*)"')
"""A string of RFC 9651, as in the draft of the header."""
_ESCAPED = re.compile(r'\\(["\\])')
_KEY = re.compile(r"[!-~]{1,255}")


@dataclass(frozen=True, slots=True)
class KeyedRequest:
    """A request with an ``Idempotency-Key``."""

    caller: str
    operation: str
    key: str
    fingerprint: bytes

    @classmethod
    async def read(cls, request: Request) -> Self:
        """
        Read a request with the header; its caller must be authenticated before.

        Raises:
            InvalidIdempotencyKey: The key is malformed, sent twice, or has no owner (400).
        """
        key = parse_key(request.headers.getlist("idempotency-key"))
        operation = f"{request.method} {request.scope['route'].path}"
        return cls(_caller(request), operation, key, await _fingerprint(request))

    @property
    def lock(self) -> int:
        """The number of its lock: from a strong hash, so that no one can choose a key that locks another's."""
        digest = hashlib.sha256(f"{self.caller}\n{self.operation}\n{self.key}".encode()).digest()
        return int.from_bytes(digest[:8], signed=True)


def parse_key(values: list[str]) -> str:
    """
    Return the key, with or without the quotes of a structured field.

    Raises:
        InvalidIdempotencyKey: Not exactly one value, or not of 1 to 255 visible ASCII characters (400).
    """
    if len(values) != 1:
        raise InvalidIdempotencyKey
    quoted = _QUOTED.fullmatch(values[0])
    key = _ESCAPED.sub(r"\1", quoted[1]) if quoted else values[0]
    if not _KEY.fullmatch(key):
        raise InvalidIdempotencyKey
    return key


def _caller(request: Request) -> str:
    """Return the person whom the route requires, else the peer that sealed the request."""
    if user := getattr(request.state, "user", None):
        return f"user:{user.user_id}"
    if peer := getattr(request.state, "caller", None):
        return f"service:{peer}"
    raise InvalidIdempotencyKey("This Idempotency-Key has no owner: seal the request, or leave the key out.")


async def _fingerprint(request: Request) -> bytes:
    """
    Hash the request byte for byte: a repeated request has the same bytes.

    The hash is keyed: the body may contain a password, which could be guessed from a plain hash in the database.
    """
    secret = application_of(request.app).settings.cursor_key.get_secret_value().encode()
    target = (b"idempotency", request.method.encode(), request.scope["raw_path"], request.scope["query_string"])
    return hmac.digest(secret, b"\n".join((*target, await request.body())), hashlib.sha256)


_NO_KEY = dict.fromkeys(("caller", "operation", "key", "fingerprint", "key_lock"))


@dataclass(frozen=True, slots=True)
class BeginKey(Part):
    """
    Begins the key of a request (``IdempotencyKey``), if it has one.

    The statement returns a row with the columns of ``begun``, and does its own work only if ``is_first`` is true.
    """

    request: KeyedRequest | None
    resource_id: UUID | None

    # The lock is tried before the row: a second INSERT would wait for the first transaction to end.
    queries: ClassVar[str] = """
        key_lock AS (SELECT CAST(:key AS text) IS NULL OR pg_try_advisory_xact_lock(:key_lock) AS is_ours),
        key_row AS (
            INSERT INTO idempotency_keys (caller, operation, key, fingerprint, resource_id)
            SELECT :caller, :operation, :key, :fingerprint, :resource_id FROM key_lock
            WHERE is_ours AND CAST(:key AS text) IS NOT NULL
            ON CONFLICT DO NOTHING
            RETURNING key
        ),
        begun AS (
            SELECT is_ours, CAST(:key AS text) IS NULL OR EXISTS (SELECT FROM key_row) AS is_first FROM key_lock
        )
    """

    def values(self, service: str) -> Mapping[str, Any]:  # noqa: ARG002
        """Return the columns of the stored key."""
        request = {**asdict(self.request), "key_lock": self.request.lock} if self.request else _NO_KEY
        return {**request, "resource_id": self.resource_id}
