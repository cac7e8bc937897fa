"""
Checking access tokens: JWTs signed with ES256.

python-jose checks only the signature: it accepts a token without ``aud`` or ``exp`` and with any ``crit``, and fails on
an ``exp`` of null or Infinity. So this module validates header and claims strictly, each by type, length and alphabet.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, Protocol
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from chassis.auth.signatures import ALGORITHM, Key, public_key, verify
from chassis.core import json as strict_json
from chassis.core.clock import MAX_AHEAD_MS, ClockSkew
from chassis.core.errors import Unauthenticated

LIFETIME_S = 15 * 60
MAX_TOKEN = 4096
"""Characters."""
REMEMBERED = 4096
"""Tokens whose signature is not verified again; a new one takes the place of the oldest."""

_Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
_Coordinate = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{43}$")]
_Id = Annotated[str, Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
_Second = Annotated[int, Field(ge=0, le=2**53)]
_Role = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]


class InvalidToken(Unauthenticated):
    """The access token is missing, expired, foreign or forged; the answer does not reveal which."""

    code = "invalid_token"
    message = "A valid access token is required: log in at the user service and send it as 'Authorization: Bearer …'."

    def __init__(self) -> None:
        super().__init__(headers={"WWW-Authenticate": "Bearer"})


@dataclass(frozen=True, slots=True)
class Identity:
    """The user and session of a valid access token."""

    user_id: UUID
    session_id: UUID
    roles: frozenset[str]


class UnknownKey(Exception):
    """No key has this id."""


class KeySource(Protocol):
    """A source of public keys."""

    async def get(self, key_id: str) -> Key:
        """
        Return the key of this id.

        Raises:
            UnknownKey: There is none.
        """


class Revocations(Protocol):
    """The sessions that were revoked."""

    async def is_revoked(self, session_id: UUID) -> bool:
        """
        Return whether the session was revoked.

        Raises:
            ServiceUnavailable: The revoked sessions are not available (503).
        """


class _Header(BaseModel):
    """The header of a token; other parameters are ignored, except ``crit`` (RFC 7515, section 4)."""

    model_config = ConfigDict(strict=True)

    alg: Literal["ES256"]
    kid: _Name


class Claims(BaseModel):
    """The claims of an access token; others are ignored (RFC 7519, section 4)."""

    model_config = ConfigDict(strict=True)

    iss: str
    aud: str
    sub: _Id
    sid: _Id
    jti: _Name
    iat: _Second
    exp: _Second
    nbf: _Second = 0
    roles: Annotated[list[_Role], Field(max_length=16)]


@dataclass(frozen=True, slots=True)
class _Verified:
    """A token whose signature was verified with *key*."""

    key_id: str
    key: Key
    claims: Claims
    identity: Identity


class TokenVerifier:
    """
    Checks access tokens against the keys of their issuer and the sessions it has revoked.

    The signature of a token is verified once, until its key is fetched anew. Its times and its session are checked on
    each use.

    Args:
        skew: Judges the times in a token.
    """

    def __init__(self, keys: KeySource, revocations: Revocations, issuer: str, audience: str, skew: ClockSkew) -> None:
        self._keys = keys
        self._revocations = revocations
        self._issuer = issuer
        self._audience = audience
        self._skew = skew
        self._remembered: dict[str, _Verified] = {}

    async def verify(self, token: str) -> Identity:
        """
        Check signature, times, issuer, audience and session.

        Raises:
            InvalidToken: A check failed (401).
            ServiceUnavailable: The issuer's keys or revocations are not available (503).
        """
        return (await self._admit(token)).identity

    async def read(self, token: str) -> Claims:
        """
        Check a token like ``verify``, and return its claims.

        Raises:
            InvalidToken: A check failed (401).
            ServiceUnavailable: The issuer's keys or revocations are not available (503).
        """
        return (await self._admit(token)).claims

    async def _admit(self, token: str) -> _Verified:
        try:
            verified = await self._verify_signature(token)
        except (UnknownKey, ValueError) as error:
            raise InvalidToken from error
        self._check(verified.claims)
        if await self._revocations.is_revoked(verified.identity.session_id):
            raise InvalidToken
        return verified

    async def _verify_signature(self, token: str) -> _Verified:
        known = self._remembered.get(token)
        key_id = known.key_id if known else _key_id(token)
        key = await self._keys.get(key_id)
        if known and known.key is key:
            return known
        claims = _read_claims(verify(token, key))
        identity = Identity(UUID(claims.sub), UUID(claims.sid), frozenset(claims.roles))
        return self._remember(token, _Verified(key_id, key, claims, identity))

    def _remember(self, token: str, verified: _Verified) -> _Verified:
        if len(self._remembered) >= REMEMBERED:
            del self._remembered[next(iter(self._remembered))]
        self._remembered[token] = verified
        return verified

    def _check(self, claims: Claims) -> None:
        if (claims.iss, claims.aud) != (self._issuer, self._audience):
            raise InvalidToken
        # Revoked sessions are stored for as long as a token can live (remote.KEEP_S).
        if not 0 < claims.exp - claims.iat <= LIFETIME_S:
            raise InvalidToken
        now_ms = self._skew.now_ms()
        if claims.exp * 1000 <= now_ms or claims.nbf * 1000 > now_ms + MAX_AHEAD_MS:
            raise InvalidToken
        if self._skew.is_ahead(claims.iss, claims.iat * 1000):
            raise InvalidToken


def _key_id(token: str) -> str:
    """
    Return the key id in the header of a token.

    Raises:
        ValueError: The token is too long, or its header is not acceptable.
    """
    if len(token) > MAX_TOKEN:
        raise ValueError("too long")
    encoded = token.partition(".")[0]
    header = strict_json.loads(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    if isinstance(header, dict) and "crit" in header:
        raise ValueError("an unsupported critical header")
    return _Header.model_validate(header).kid


def _read_claims(payload: bytes) -> Claims:
    """
    Parse the claims of a token whose signature was checked.

    Raises:
        ValueError: They are not JSON, or one is missing or of another type, length or alphabet.
    """
    return Claims.model_validate(strict_json.loads(payload))


class _PublicKey(BaseModel):
    """A key of a key set (RFC 7517)."""

    model_config = ConfigDict(strict=True)

    kty: Literal["EC"]
    crv: Literal["P-256"]
    x: _Coordinate
    y: _Coordinate
    kid: _Name


def read_jwks(document: object) -> dict[str, Key]:
    """
    Return the keys of a key set, by key id; keys for other uses are skipped.

    Raises:
        ValueError: Not a key set.
    """
    keys = document.get("keys") if isinstance(document, Mapping) else None
    if not isinstance(keys, list):
        msg = "not a JSON Web Key Set"
        raise ValueError(msg)
    usable = [key for key in keys if isinstance(key, dict) and key.get("alg") == ALGORITHM and "kid" in key]
    try:
        checked = [_PublicKey.model_validate(key).model_dump() for key in usable]
        return {key["kid"]: public_key(key) for key in checked}
    except ValueError as error:
        msg = "a key in the JSON Web Key Set cannot be read"
        raise ValueError(msg) from error
