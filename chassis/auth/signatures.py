"""ES256 signatures (RFC 7515, 7518). No other module imports python-jose."""

from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from jose import jwk, jws, jwt
from jose.backends import base
from jose.exceptions import JOSEError

ALGORITHM = "ES256"

Key = base.Key
"""A private or public key of the library."""


def private_key(key: EllipticCurvePrivateKey) -> Key:
    """Return a private key as the library's key; ``.public_key()`` returns its public half."""
    return jwk.construct(key, ALGORITHM)  # type: ignore[arg-type]  # the stubs know no key objects


def public_key(web_key: dict[str, str]) -> Key:
    """
    Return a JSON Web Key (RFC 7517) as the library's key.

    Raises:
        ValueError: It is not a valid key.
    """
    try:
        return jwk.construct(web_key, ALGORITHM)
    except JOSEError as error:
        raise ValueError("not a key") from error


def sign(claims: Mapping[str, Any], key: Key, key_id: str) -> str:
    """Sign claims and return the token."""
    token: str = jwt.encode(claims, key, ALGORITHM, headers={"kid": key_id})  # type: ignore[arg-type]
    return token


def verify(token: str, key: Key) -> bytes:
    """
    Check only the signature of a token, and return the text of its claims.

    Raises:
        ValueError: The token is malformed, or another key has signed it.
    """
    try:
        return jws.verify(token, key, [ALGORITHM])
    except JOSEError as error:
        raise ValueError("not signed by this key") from error
