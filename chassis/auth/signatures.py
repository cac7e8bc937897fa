"""Signatures by ES256 (RFC 7515, 7518). The only module that knows python-jose."""

from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from jose import jwk, jws, jwt
from jose.backends import base
from jose.exceptions import JOSEError

ALGORITHM = "ES256"

Key = base.Key
"""A key of the library: private, or public."""


def private_key(key: EllipticCurvePrivateKey) -> Key:
    """Make the library's key of a private one; ``.public_key()`` is its public half."""
    return jwk.construct(key, ALGORITHM)  # type: ignore[arg-type]  # the stubs know no key objects


def public_key(web_key: dict[str, str]) -> Key:
    """
    Make the library's key of a JSON Web Key (RFC 7517).

    Raises:
        ValueError: It is none.
    """
    try:
        return jwk.construct(web_key, ALGORITHM)
    except JOSEError as error:
        raise ValueError("not a key") from error


def sign(claims: Mapping[str, Any], key: Key, key_id: str) -> str:
    """Sign claims; returns the token."""
    token: str = jwt.encode(claims, key, ALGORITHM, headers={"kid": key_id})  # type: ignore[arg-type]
    return token


def verify(token: str, key: Key) -> bytes:
    """
    Check the signature of a token, and nothing else; returns the text of its claims.

    Raises:
        ValueError: The token is malformed, or another key has signed it.
    """
    try:
        return jws.verify(token, key, [ALGORITHM])
    except JOSEError as error:
        raise ValueError("not signed by this key") from error
