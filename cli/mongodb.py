"""The database of analytics, as programs beside the service use it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pydantic import SecretStr

from analytics.ingestion.add_write_key import add_write_key
from chassis.mongodb.database import MongoDB, MotorDatabase


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[MotorDatabase]:
    """
    Give the database at *url* during the block.

    Raises:
        DatabaseUnavailable: It is not there, or goes away meanwhile.
    """
    store = MongoDB(SecretStr(url), "cli")
    await store.open()
    try:
        async with store.use() as database:
            yield database
    finally:
        await store.close()


async def make_write_key(url: str, name: str) -> str:
    """Make a key with which the program called *name* may send events to analytics."""
    async with opened(url) as database:
        return str(await add_write_key(database, name))
