"""
Access tokens: JWTs signed with ES256. The only module that knows python-jose.

The library accepts a token without ``aud`` or ``exp``, and any ``crit``; what is demanded here is demanded explicitly.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from jose import jwk, jwt
from jose.exceptions import JOSEError
from pydantic import TypeAdapter

from chassis.auth.signing_keys import ALGORITHM, load_keys, public_jwk
from chassis.errors import Unauthenticated
from chassis.ids import new_id

LIFETIME_S = 15 * 60
_Roles = TypeAdapter(list[str])
_REQUIRED = {f"require_{claim}": True for claim in ("iss", "aud", "sub", "iat", "exp", "jti", "sid")}


class InvalidToken(Unauthenticated):
    """The access token is missing, expired, foreign or forged; which of them is nobody's business."""

    code = "invalid_token"
    message = "A valid access token is needed: log in at the user service and send it as 'Authorization: Bearer …'."

    def __init__(self) -> None:
        super().__init__(headers={"WWW-Authenticate": "Bearer"})


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a valid access token speaks for."""

    user_id: UUID
    session_id: UUID
    roles: frozenset[str]


class UnknownKey(Exception):
    """No key has this id."""


class KeySource(Protocol):
    """Where the public keys come from."""

    async def get(self, key_id: str) -> Any:  # noqa: ANN401 - a key object of the library
        """
        Give the key object of this id.

        Raises:
            UnknownKey: There is none.
        """


class Revocations(Protocol):
    """Which sessions have ended before their time."""

    async def is_revoked(self, session_id: UUID) -> bool:
        """
        Say whether the tokens of this session count no longer.

        Raises:
            ServiceUnavailable: That cannot be known now (503).
        """


class TokenIssuer:
    """
    Signs access tokens; held by the user service alone, which is also a key source for itself.

    Args:
        private_keys: EC P-256, PEM, one after the other: the first signs, all are published and accepted.
        clock: Seconds since 1970.

    Raises:
        ValueError: No key, another kind of key, or the same key twice.
    """

    def __init__(self, private_keys: str, issuer: str, audience: str, clock: Callable[[], float] = time.time) -> None:
        loaded = load_keys(private_keys)
        self._public = [public_jwk(key) for key in loaded]
        self._keys = {
            public["kid"]: jwk.construct(key, ALGORITHM)  # type: ignore[arg-type]  # the stubs know no key objects
            for public, key in zip(self._public, loaded, strict=True)
        }
        self._issuer = issuer
        self._audience = audience
        self._clock = clock

    def issue(self, user_id: UUID, session_id: UUID, roles: Sequence[str]) -> str:
        """Sign a token for a person's session, valid for 15 minutes."""
        now, kid = int(self._clock()), self._public[0]["kid"]
        claims = {
            "iss": self._issuer, "aud": self._audience, "sub": str(user_id), "iat": now, "exp": now + LIFETIME_S,
            "jti": new_id().hex, "sid": str(session_id), "roles": list(roles),
        }  # fmt: skip
        token: str = jwt.encode(claims, self._keys[kid], ALGORITHM, headers={"kid": kid})
        return token

    def jwks(self) -> dict[str, list[dict[str, str]]]:
        """Give the public keys as a JSON Web Key Set (RFC 7517), the one that signs first."""
        return {"keys": self._public}

    async def get(self, key_id: str) -> Any:  # noqa: ANN401 - a key object of the library
        """Give one of its own public keys."""
        if key_id not in self._keys:
            raise UnknownKey
        return self._keys[key_id].public_key()


class TokenVerifier:
    """Checks access tokens against the keys of their issuer and the sessions it has revoked."""

    def __init__(self, keys: KeySource, revocations: Revocations, issuer: str, audience: str) -> None:
        self._keys = keys
        self._revocations = revocations
        self._issuer = issuer
        self._audience = audience

    async def verify(self, token: str) -> Identity:
        """
        Check signature, times, issuer, audience and session.

        Raises:
            InvalidToken: Something is not as it must be (401).
            ServiceUnavailable: The issuer's keys or revocations cannot be had (503).
        """
        try:
            header = jwt.get_unverified_header(token)
            if header.get("alg") != ALGORITHM or "crit" in header or not isinstance(header.get("kid"), str):
                raise InvalidToken
            key = await self._keys.get(header["kid"])
            claims = jwt.decode(
                token, key, algorithms=[ALGORITHM], audience=self._audience, issuer=self._issuer, options=_REQUIRED
            )
        except (JOSEError, UnknownKey) as error:
            raise InvalidToken from error
        identity = _identity(claims)
        if await self._revocations.is_revoked(identity.session_id):
            raise InvalidToken
        return identity


def _identity(claims: Mapping[str, Any]) -> Identity:
    try:
        roles = frozenset(_Roles.validate_python(claims.get("roles")))
        return Identity(UUID(claims["sub"]), UUID(claims["sid"]), roles)
    except (ValueError, TypeError, AttributeError) as error:
        raise InvalidToken from error


def read_jwks(document: object) -> dict[str, Any]:
    """
    Make key objects of a key set, by key id; keys for other uses are passed over.

    Raises:
        ValueError: Not a key set.
    """
    keys = document.get("keys") if isinstance(document, Mapping) else None
    if not isinstance(keys, list):
        msg = "not a JSON Web Key Set"
        raise ValueError(msg)
    usable = [key for key in keys if isinstance(key, dict) and key.get("alg") == ALGORITHM and "kid" in key]
    try:
        return {str(key["kid"]): jwk.construct(key, ALGORITHM) for key in usable}
    except JOSEError as error:
        msg = "a key in the JSON Web Key Set cannot be read"
        raise ValueError(msg) from error
