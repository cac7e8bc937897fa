"""
Passwords: Argon2id (RFC 9106; 19 MiB, 2 passes, 1 lane, as OWASP recommends), and their strength (zxcvbn).

The only module that imports passlib and zxcvbn. A hash takes 35-90 ms of CPU and 19 MiB, so it runs in a small thread
pool of its own, never on the event loop.
"""

import asyncio
import re
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import structlog
from passlib.exc import PasswordSizeError
from passlib.hash import argon2
from zxcvbn import zxcvbn

from chassis.core.errors import InvalidRequest

log = structlog.get_logger(__name__)

STRONG = 3
"""The lowest accepted zxcvbn score, of 0 to 4: some 10^8 guesses, with throttled logins and slow hashes."""
JUDGED = 32
"""How many characters are rated. It takes 1-10 ms, and up to 0.7 s for malicious input; 128 of those take 6 s."""

argon2.set_backend("argon2_cffi")  # otherwise the first use sets it, and a concurrent use fails
_hasher: Any = argon2.using(  # type: ignore[no-untyped-call]
    type="ID", memory_cost=19 * 1024, rounds=2, parallelism=1
)
_pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="argon2")
# One thread: zxcvbn keeps the caller's words in a global dictionary.
_judge = ThreadPoolExecutor(max_workers=1, thread_name_prefix="zxcvbn")


class WeakPassword(InvalidRequest):
    """The password is common, or easily guessed (422)."""

    code = "weak_password"
    message = (
        "This password is easy to guess: it contains common words or passwords, repeats, sequences or your own name. "
        "Use three or more unrelated words."
    )


def normalise_password(password: str) -> str:
    """Return one form for all encodings of the same characters (NFKC), because keyboards differ."""
    return unicodedata.normalize("NFKC", password)


async def hash_password(password: str) -> str:
    """Hash a password with a new salt."""
    loop = asyncio.get_running_loop()
    password_hash: str = await loop.run_in_executor(_pool, _hasher.hash, normalise_password(password))
    return password_hash


async def verify_password(password: str, password_hash: str | None) -> bool:
    """Check a password; without a hash (an unknown name) it takes the same time and returns False."""
    return await asyncio.get_running_loop().run_in_executor(_pool, _verify, password, password_hash)


def needs_rehash(password_hash: str) -> bool:
    """Whether a hash, against which a password was just verified, has other parameters than the current ones."""
    return bool(_hasher.needs_update(password_hash))


async def check_strength(password: str, *own: str) -> None:
    """
    Refuse a password that is easy to guess. Its length is checked elsewhere; it is not empty.

    Args:
        own: Facts that others know about the person: name, e-mail address.

    Raises:
        WeakPassword: The password is too weak (422).
    """
    if await asyncio.get_running_loop().run_in_executor(_judge, _score, password, own) < STRONG:
        raise WeakPassword


def _verify(password: str, password_hash: str | None) -> bool:
    try:
        is_right = _hasher.verify(normalise_password(password), password_hash or _nobodys_hash())
    except PasswordSizeError:
        return False  # no longer password was ever hashed
    except ValueError:
        log.error("a stored password hash cannot be read")  # noqa: TRY400 - the traceback may show the hash
        return False
    return bool(is_right) and password_hash is not None


@cache
def _nobodys_hash() -> str:
    return str(_hasher.hash("nobody has this password"))


def _score(password: str, own: tuple[str, ...]) -> int:
    # The beginning is enough: further characters do not make a strong password weaker, and a weak one is not worth the
    # time. Own words are cut the same way, so that long ones are still found. zxcvbn finds repeats in one case only,
    # and fails on text that looks like a date before the end of a line.
    judged = normalise_password(password)[:JUDGED].lower().replace("\n", " ")
    words = [word[:JUDGED] for text in own for word in _words(normalise_password(text))]
    score: int = zxcvbn(judged, words)["score"]
    return score


def _words(own: str) -> list[str]:
    """Return a name or address as a whole, its two sides with and without punctuation, and each of its words."""
    sides = own.split("@")
    return [own, *sides, *(re.sub(r"[\W_]", "", side) for side in sides), *re.findall(r"[^\W_]+", own)]
