"""
Refresh tokens and tokens in mails: 256 random bits, stored as SHA-256 only.

Such a token cannot be guessed, so a plain hash is enough: a slow one would add no protection.
"""

import base64
import hashlib
import hmac
import secrets

BYTES = 32


def new_token() -> str:
    """Return a new token."""
    return _text(secrets.token_bytes(BYTES))


def new_salt() -> bytes:
    """Return the salt that is stored with a spent token, to compute its successor again."""
    return secrets.token_bytes(BYTES)


def token_hash(token: str) -> bytes:
    """Return the stored form of a token."""
    return hashlib.sha256(token.encode()).digest()


def successor(token: str, salt: bytes) -> str:
    """
    Return the successor of a token: repeated uses of the spent token get the same one.

    It is HMAC-SHA256 of the salt with the token as key: it needs both the database (salts and hashes) and the token.
    """
    return _text(hmac.digest(token.encode(), salt, hashlib.sha256))


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
