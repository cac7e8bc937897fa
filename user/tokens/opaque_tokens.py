"""
Refresh tokens and tokens in mails: 256 random bits, which we know by their SHA-256 alone.

Such a token cannot be guessed, so a plain hash protects it: there is nothing for a slow one to make up for.
"""

import base64
import hashlib
import hmac
import secrets

BYTES = 32


def new_token() -> str:
    """Make a token."""
    return _text(secrets.token_bytes(BYTES))


def new_salt() -> bytes:
    """Make what is stored beside a spent token, to know its successor again."""
    return secrets.token_bytes(BYTES)


def token_hash(token: str) -> bytes:
    """Give what is stored of a token."""
    return hashlib.sha256(token.encode()).digest()


def successor(token: str, salt: bytes) -> str:
    """
    Give the token that follows: whoever shows the spent one again gets the same.

    It is HMAC-SHA256 of the salt under the token: neither the database (salts and hashes) nor the token alone gives it.
    """
    return _text(hmac.digest(token.encode(), salt, hashlib.sha256))


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
