"""The database of analytics, for programs beside the service."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pydantic import SecretStr

from analytics.ingestion.add_write_key import add_write_key
from chassis.mongodb.database import MongoDB, MotorDatabase
from cli.databases import opened


@asynccontextmanager
async def analytics_database(url: str) -> AsyncIterator[MotorDatabase]:
    """
    Open the database at *url* for the block.

    Raises:
        DatabaseUnavailable: It does not answer.
    """
    async with opened(MongoDB(SecretStr(url), "cli")) as store, store.use() as database:
        yield database


async def make_write_key(url: str, name: str) -> str:
    """Create a key with which the program called *name* may send events to analytics."""
    async with analytics_database(url) as database:
        return str(await add_write_key(database, name))
