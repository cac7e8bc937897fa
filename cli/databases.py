"""Opening a service's database for a command."""

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
