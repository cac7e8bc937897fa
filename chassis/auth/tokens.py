"""
Access tokens: JWTs signed with ES256. The only module that knows python-jose.

The library accepts a token without ``aud`` or ``exp``, and any ``crit``; what is demanded here is demanded explicitly.
"""

import base64
import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from jose import jwk, jwt
from jose.exceptions import JOSEError
from pydantic import TypeAdapter

from chassis.errors import Unauthenticated
from chassis.ids import new_id

ALGORITHM = "ES256"
LIFETIME_S = 15 * 60
_Roles = TypeAdapter(list[str])
_REQUIRED = {f"require_{claim}": True for claim in ("iss", "aud", "sub", "iat", "exp", "jti")}


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


class TokenIssuer:
    """
    Signs access tokens; held by the user service alone, which is also a key source for itself.

    Args:
        private_key: EC P-256, PEM.
        clock: Seconds since 1970.
    """

    def __init__(self, private_key: str, issuer: str, audience: str, clock: Callable[[], float] = time.time) -> None:
        self._key = jwk.construct(private_key, ALGORITHM)
        self._issuer = issuer
        self._audience = audience
        self._clock = clock
        self._public = _public_jwk(private_key)

    def issue(self, user_id: UUID, roles: Sequence[str]) -> str:
        """Sign a token for a person, valid for 15 minutes."""
        now = int(self._clock())
        claims = {
            "iss": self._issuer, "aud": self._audience, "sub": str(user_id), "iat": now, "exp": now + LIFETIME_S,
            "jti": new_id().hex, "roles": list(roles),
        }  # fmt: skip
        token: str = jwt.encode(claims, self._key, ALGORITHM, headers={"kid": self._public["kid"]})
        return token

    def jwks(self) -> dict[str, list[dict[str, str]]]:
        """Give the public keys as a JSON Web Key Set (RFC 7517)."""
        return {"keys": [self._public]}

    async def get(self, key_id: str) -> Any:  # noqa: ANN401 - a key object of the library
        """Give its own public key."""
        if key_id != self._public["kid"]:
            raise UnknownKey
        return self._key.public_key()


class TokenVerifier:
    """Checks access tokens against the keys of their issuer."""

    def __init__(self, keys: KeySource, issuer: str, audience: str) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience

    async def verify(self, token: str) -> Identity:
        """
        Check signature, times, issuer and audience.

        Raises:
            InvalidToken: Something is not as it must be (401).
            ServiceUnavailable: The issuer's keys cannot be had (503).
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
        return _identity(claims)


def _identity(claims: Mapping[str, Any]) -> Identity:
    try:
        return Identity(UUID(claims["sub"]), frozenset(_Roles.validate_python(claims.get("roles"))))
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


def _public_jwk(private_key: str) -> dict[str, str]:
    key = load_pem_private_key(private_key.encode(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        msg = "JWT_PRIVATE_KEY must be an EC P-256 private key in PEM"
        raise TypeError(msg)
    point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)[1:]
    x, y = _base64url(point[:32]), _base64url(point[32:])
    # RFC 7638: the thumbprint of a key is its id, so the same key has the same id everywhere.
    thumbprint = hashlib.sha256(f'{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}'.encode()).digest()
    return {"kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": _base64url(thumbprint), "alg": ALGORITHM, "use": "sig"}


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
