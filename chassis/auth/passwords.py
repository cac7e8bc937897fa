"""
Passwords: Argon2id (RFC 9106; 19 MiB, 2 passes, 1 lane, as OWASP asks). The only module that knows passlib.

A hash takes 35-90 ms of CPU and 19 MiB: it runs in a small thread pool of its own, never on the event loop.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

from passlib.hash import argon2

argon2.set_backend("argon2_cffi")  # left to the first use, a second one meanwhile fails
_hasher: Any = argon2.using(  # type: ignore[no-untyped-call]
    type="ID", memory_cost=19 * 1024, rounds=2, parallelism=1
)
_pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="argon2")


async def hash_password(password: str) -> str:
    """Hash a password with a salt of its own."""
    password_hash: str = await asyncio.get_running_loop().run_in_executor(_pool, _hasher.hash, password)
    return password_hash


async def verify_password(password: str, password_hash: str | None) -> bool:
    """Check a password; without a hash (nobody has this name) it takes as long and is False."""
    loop = asyncio.get_running_loop()
    if password_hash is None:
        await loop.run_in_executor(_pool, lambda: _hasher.verify(password, _nobodys_hash()))
        return False
    is_right: bool = await loop.run_in_executor(_pool, _hasher.verify, password, password_hash)
    return is_right


@cache
def _nobodys_hash() -> str:
    return str(_hasher.hash("nobody has this password"))
