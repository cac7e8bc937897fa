"""Databases of tests: in a hurry, and soon empty."""

from dataclasses import dataclass
from typing import Self

import asyncpg
from sqlalchemy import MetaData

HURRY = {"fsync": "off", "full_page_writes": "off", "scram_iterations": "1"}
"""Settings of a PostgreSQL that need not outlive the machine (a SIGKILL it does), nor guard the passwords of people."""


def emptying(*tables: str) -> str:
    """Give one statement that empties tables: not TRUNCATE, which makes new files and takes twenty times as long."""
    return f"DO $$ BEGIN {' '.join(f'DELETE FROM {table};' for table in tables)} END $$"  # noqa: S608 - our own tables


def behind(port: int, url: str) -> str:
    """Give the address of the same database, with another host before its own."""
    login, _, rest = url.rpartition("@")
    return f"{login}@127.0.0.1:{port},{rest}"


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables of a service, over a connection of their own: every test has them emptied."""

    _connection: "asyncpg.Connection[asyncpg.Record]"
    _emptying: str

    @classmethod
    async def open(cls, url: str, *metadata: MetaData) -> Self:
        """Connect to the database that has them."""
        tables = [table for one in metadata for table in reversed(one.sorted_tables)]
        connection = await asyncpg.connect(url.replace("+asyncpg", ""))
        return cls(connection, emptying(*(table.name for table in tables)))

    async def have_events(self) -> bool:
        """Whether the service has still events to deliver."""
        return bool(await self._connection.fetchval("SELECT EXISTS (SELECT FROM outbox WHERE dead_at IS NULL)"))

    async def empty(self) -> None:
        """Delete every row."""
        await self._connection.execute(self._emptying)

    async def close(self) -> None:
        """End the connection."""
        await self._connection.close()
