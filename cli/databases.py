"""Opening a service's database for a command, and its errors as sentences."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol, TypeVar


class _Store(Protocol):
    async def open(self) -> None: ...

    async def close(self) -> None: ...


Store = TypeVar("Store", bound=_Store)


@asynccontextmanager
async def opened(store: Store) -> AsyncIterator[Store]:
    """Open a ``Postgres`` or a ``MongoDB`` for the block, and close it afterwards."""
    await store.open()
    try:
        yield store
    finally:
        await store.close()


_NOISE = ("\n", ", Timeout:", ", full error:", " (configured timeouts:")
"""What follows it in an error of a driver is a statement, or MongoDB's description of the topology and of the error."""


def reason(error: Exception) -> str:
    """Return what a driver says first, without a full stop."""
    text = str(getattr(error, "orig", error)).rpartition("'>: ")[2]
    for noise in _NOISE:
        text = text.partition(noise)[0]
    return text.rstrip(".") or type(error).__name__
