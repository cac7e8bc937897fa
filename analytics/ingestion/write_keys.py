"""Write keys: an outside program may send events with one, and do nothing else."""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from typing import Self

_PREFIX = "wk"
_IN_BODY = re.compile(rb'"writeKey"\s*:\s*"(wk_[\w-]{1,100})"')


@dataclass(frozen=True, slots=True)
class WriteKey:
    """
    A key in the form that its holder has: ``wk_<id>_<secret>``.

    Attributes:
        id: The id by which it is listed and revoked.
    """

    id: str
    secret: str

    @classmethod
    def make(cls) -> Self:
        """Create a new key."""
        return cls(secrets.token_hex(6), secrets.token_urlsafe(32))

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Parse a key; returns None if the text does not have the form of one."""
        prefix, _, rest = text.partition("_")
        key_id, _, secret = rest.partition("_")
        return cls(key_id, secret) if prefix == _PREFIX and key_id and secret else None

    @property
    def hashed(self) -> str:
        """The stored hash. The secret is long and random, so a slow hash would add no protection."""
        return hashlib.sha256(self.secret.encode()).hexdigest()

    def matches(self, hashed: str) -> bool:
        """Whether the secret has the stored hash; takes the same time for every wrong secret."""
        return hmac.compare_digest(self.hashed, hashed)

    def __str__(self) -> str:
        return f"{_PREFIX}_{self.id}_{self.secret}"


def presented_key(authorization: str) -> WriteKey | None:
    """Return the key in an ``Authorization`` header: a Bearer token, or the user name of Basic, as Segment sends it."""
    scheme, _, credentials = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return WriteKey.parse(credentials.strip())
    if scheme.lower() == "basic":
        return WriteKey.parse(_user_name(credentials.strip()))
    return None


def key_in(body: bytes) -> WriteKey | None:
    """Find the key that a Segment client writes into its body, without parsing the whole body of an unknown sender."""
    found = _IN_BODY.search(body)
    return WriteKey.parse(found[1].decode()) if found else None


def _user_name(credentials: str) -> str:
    try:
        return base64.b64decode(credentials, validate=True).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return ""
