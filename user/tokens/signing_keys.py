"""The keys in JWT_PRIVATE_KEY: EC P-256 in PEM, one after the other. The first signs, all are published."""

import base64
import hashlib
import re
from typing import Annotated

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from pydantic import AfterValidator, SecretStr

from chassis.auth.signatures import ALGORITHM

_UP_TO_A_KEY = re.compile(r".*?-----END [A-Z ]*PRIVATE KEY-----|\S.*", re.DOTALL)
"""Text up to the end of a private key, or the rest if it is not blank: half a key is not ignored silently."""


def split_keys(text: str) -> list[str]:
    """Split PEM text after each private key. Text before a key, which RFC 7468 allows, stays with it."""
    return [part.strip() for part in _UP_TO_A_KEY.findall(text)]


def load_keys(text: str) -> list[EllipticCurvePrivateKey]:
    """
    Parse JWT_PRIVATE_KEY.

    Raises:
        ValueError: There is no key, another kind of key, or the same key twice; the message quotes nothing of it.
    """
    keys = [_load(part) for part in split_keys(text)]
    if not keys:
        raise ValueError("JWT_PRIVATE_KEY holds no private key in PEM")
    if len({key.private_numbers().private_value for key in keys}) < len(keys):
        raise ValueError("JWT_PRIVATE_KEY holds the same key twice")
    return keys


def _checked(keys: SecretStr) -> SecretStr:
    load_keys(keys.get_secret_value())
    return keys


SigningKeys = Annotated[SecretStr, AfterValidator(_checked)]
"""JWT_PRIVATE_KEY as a setting."""


def public_jwk(key: EllipticCurvePrivateKey) -> dict[str, str]:
    """Return the public half as a JSON Web Key (RFC 7517), whose id is its thumbprint."""
    point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)[1:]
    x, y = _base64url(point[:32]), _base64url(point[32:])
    # RFC 7638: the id is the key's thumbprint, so the same key has the same id everywhere.
    thumbprint = hashlib.sha256(f'{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}'.encode()).digest()
    return {"kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": _base64url(thumbprint), "alg": ALGORITHM, "use": "sig"}


def _load(part: str) -> EllipticCurvePrivateKey:
    try:
        key = load_pem_private_key(part.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None  # raised below, without the library's message, which may quote the content
    if not isinstance(key, EllipticCurvePrivateKey) or not isinstance(key.curve, SECP256R1):
        raise ValueError("JWT_PRIVATE_KEY must hold EC P-256 private keys in PEM, and nothing after the last")
    return key


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
