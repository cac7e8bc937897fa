"""
Fernet, which is AES-128-CBC with HMAC-SHA256 (https://github.com/fernet/spec). The only module that imports it.

cryptography's class builds a cipher and two objects of the signature for every token, which is most of the time that
a token of a call takes (docs/decisions/0005). Ours keeps them; its tokens are the same.
"""

import binascii
import hmac
import os
import threading
import time

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

__all__ = ["InvalidToken", "LinkFernet"]

_VERSION = b"\x80"
_BLOCK = 16
_SIGNATURE = 32
_HEAD = 9
"""Bytes of version and time."""
_SHORTEST = _HEAD + 2 * _BLOCK + _SIGNATURE
_PADDING = tuple(bytes((length,)) * length for length in range(_BLOCK + 1))
_TO_URLSAFE = bytes.maketrans(b"+/", b"-_")
_FROM_URLSAFE = bytes.maketrans(b"-_", b"+/")


class LinkFernet(Fernet):
    """
    One key of a link.

    The ciphers never end, so each begins where its last message ended. In CBC a block depends only on itself and the
    one before it. So a random block is encrypted first, and the result, as random, is the initialization vector; and
    the initialization vector is decrypted first, to be forgotten.
    """

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self._contexts = _Contexts(binascii.a2b_base64(key.encode().translate(_FROM_URLSAFE)))

    def encrypt(self, data: bytes) -> bytes:
        """Return a token."""
        its = self._contexts
        padding = _PADDING[_BLOCK - len(data) % _BLOCK]
        ciphertext = its.encrypt(b"%b%b%b" % (os.urandom(_BLOCK), data, padding))
        signed = b"%b%b%b" % (_VERSION, int(time.time()).to_bytes(8, "big"), ciphertext)
        return binascii.b2a_base64(signed + its.sign(signed), newline=False).translate(_TO_URLSAFE)

    def decrypt(self, token: bytes) -> bytes:  # type: ignore[override]  # neither text nor a lifetime
        """
        Return the plaintext of a token, whatever its age.

        Raises:
            InvalidToken: It is malformed, or was made with another key.
        """
        try:
            raw = binascii.a2b_base64(token.translate(_FROM_URLSAFE))
        except binascii.Error as error:
            raise InvalidToken from error
        its, signed, signature = self._contexts, raw[:-_SIGNATURE], raw[-_SIGNATURE:]
        # The length first: a part of a block would stay in the cipher, and spoil the next message.
        if len(raw) < _SHORTEST or (len(signed) - _HEAD) % _BLOCK or not signed.startswith(_VERSION):
            raise InvalidToken
        if not hmac.compare_digest(its.sign(signed), signature):
            raise InvalidToken
        padded = its.decrypt(signed[_HEAD:])
        length = padded[-1]
        if not (1 <= length <= _BLOCK and padded.endswith(_PADDING[length])):
            raise InvalidToken
        return padded[_BLOCK:-length]


class _Contexts(threading.local):
    """The ciphers and the signature of one thread: large messages are sealed and opened in threads (``offload``)."""

    def __init__(self, key: bytes) -> None:
        cipher = Cipher(algorithms.AES128(key[16:]), modes.CBC(os.urandom(_BLOCK)))
        self.encrypt = cipher.encryptor().update
        self.decrypt = cipher.decryptor().update
        self._signature = hmac.new(key[:16], digestmod="sha256")

    def sign(self, data: bytes) -> bytes:
        signature = self._signature.copy()
        signature.update(data)
        return signature.digest()
