"""Issuing access tokens, which the other services check with the public keys (chassis/auth/tokens.py)."""

import time
from collections.abc import Callable, Sequence
from uuid import UUID

from chassis.auth.signatures import Key, private_key, sign
from chassis.auth.tokens import LIFETIME_S, UnknownKey
from chassis.core.types import new_id
from user.tokens.signing_keys import load_keys, public_jwk


class TokenIssuer:
    """
    Signs access tokens, and provides this service's own public keys (``chassis.auth.tokens.KeySource``).

    Args:
        private_keys: EC P-256, PEM, one after the other: the first signs, all are published and accepted.
        clock: Seconds since 1970.

    Raises:
        ValueError: There is no key, another kind of key, or the same key twice.
    """

    def __init__(self, private_keys: str, issuer: str, audience: str, clock: Callable[[], float] = time.time) -> None:
        loaded = load_keys(private_keys)
        self._public = [public_jwk(key) for key in loaded]
        self._keys = {public["kid"]: private_key(key) for public, key in zip(self._public, loaded, strict=True)}
        self._verifying = {kid: key.public_key() for kid, key in self._keys.items()}
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
        return sign(claims, self._keys[kid], kid)

    def jwks(self) -> dict[str, list[dict[str, str]]]:
        """Return the public keys as a JSON Web Key Set (RFC 7517), the one that signs first."""
        return {"keys": self._public}

    async def get(self, key_id: str) -> Key:
        """
        Return one of its own public keys.

        Raises:
            UnknownKey: It has no such key.
        """
        if key_id not in self._verifying:
            raise UnknownKey
        return self._verifying[key_id]
