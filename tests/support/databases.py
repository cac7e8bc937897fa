"""Databases of tests: fast, and emptied between tests."""

import shutil
import tempfile
import warnings
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Self

import asyncpg
import pytest
from pymongo import monitoring
from sqlalchemy import Connection, MetaData, Table, text
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.exc import SAWarning

from chassis.postgres.database import Postgres
from cli.databases import opened
from cli.environment import owner_url
from cli.services import Service

HURRY = {"fsync": "off", "full_page_writes": "off", "scram_iterations": "1"}
"""Settings of a PostgreSQL whose data need not survive a crash of the machine, and whose passwords are not secret."""

PATIENCE_S = 30.0
"""How long a patient pool waits for a connection, and a person for an answer: seconds are too few if it is busy."""
_PREPARER = PGDialect().identifier_preparer  # type: ignore[no-untyped-call]
_MEMORY = Path("/dev/shm")  # noqa: S108 - Linux's file system in memory; the folder in it is of one run
_ROOM = 4 * 2**30
"""Bytes that must be free there: each pytest worker's databases use some hundred megabytes."""


@contextmanager
def data_folder() -> Iterator[Path]:
    """Yield a folder for a database: in memory if there is space, because creating files takes longest."""
    has_room = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ROOM
    with tempfile.TemporaryDirectory(dir=_MEMORY if has_room else None) as folder:
        yield Path(folder)


async def own_tables(service: Service, environment: Mapping[str, str]) -> MetaData:
    """Return the tables of a service's PostgreSQL beyond the chassis's: of its models, or those of another team."""
    if service.kind == "postgres":
        models: MetaData = import_module(f"{service.name}.models").Base.metadata
        return models
    found = MetaData()
    async with opened(Postgres(owner_url(service, environment), "tests")) as store, store.transaction() as session:
        connection = await session.connection()
        await connection.run_sync(_reflect, found)
    return found


def _reflect(connection: Connection, tables: MetaData) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)  # about types that it does not know
        tables.reflect(connection, schema="public")


@contextmanager
def patient_pools() -> Iterator[None]:
    """Let the pools that are opened in the block wait longer."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("POOL_TIMEOUT_S", "CONNECT_TIMEOUT_S"):
            patch.setattr(f"chassis.postgres.database.{name}", PATIENCE_S)
        yield


def emptying(*tables: str) -> str:
    """Return one statement that empties tables: not TRUNCATE, which creates files and takes twenty times as long."""
    return f"DO $$ BEGIN {' '.join(f'DELETE FROM {table};' for table in tables)} END $$"  # noqa: S608 - our own tables


def _emptying(metadata: MetaData) -> str:
    """Return the statement that empties all tables; an empty text if there are none."""
    tables = metadata.tables.values()
    if not any(table.schema for table in tables):
        return emptying(*map(_quoted, reversed(metadata.sorted_tables))) if tables else ""
    # Of another owner: they may refer to each other in a circle. Constraints are checked when all rows are deleted.
    deletions = (f"t{number} AS (DELETE FROM {_quoted(table)})" for number, table in enumerate(tables))  # noqa: S608
    return f"WITH {', '.join(deletions)} SELECT"


def _quoted(table: Table) -> str:
    """Return the name of a table as PostgreSQL reads it, whatever its letters, with its schema if it has one."""
    return _PREPARER.format_table(table)


def behind(port: int, url: str) -> str:
    """Return the address of the same database, with another host before its own."""
    login, _, rest = url.rpartition("@")
    return f"{login}@127.0.0.1:{port},{rest}"


@asynccontextmanager
async def bystanders(database: Postgres, tables: MetaData, *involved: object) -> AsyncIterator[set[object]]:
    """
    Fail if the block has changed, added or deleted a row that is not involved.

    A row is involved if one of its columns has one of the ids *involved*: plain ones, or with the name of the table in
    which they apply. All other rows must be unchanged afterwards. The block gets the set of ids, to add those that
    it creates.
    """
    ids = set(involved)
    before = await _rows(database, tables)
    yield ids
    after = await _rows(database, tables)
    assert _without(after, ids) == _without(before, ids)


async def _rows(database: Postgres, tables: MetaData) -> dict[str, Sequence[str]]:
    """Read every row of every table, as JSON."""
    async with database.transaction() as session:
        return {
            table.name: (await session.scalars(text(f"SELECT to_jsonb(t)::text FROM {_quoted(table)} t"))).all()  # noqa: S608
            for table in tables.tables.values()
        }


def _without(rows: dict[str, Sequence[str]], ids: set[object]) -> dict[str, list[str]]:
    def is_involved(table: str, row: str) -> bool:
        return any(
            f'"{one[1]}"' in row if isinstance(one, tuple) and one[0] == table else f'"{one}"' in row for one in ids
        )

    return {table: sorted(row for row in of if not is_involved(table, row)) for table, of in rows.items()}


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables of a service, over a separate connection: they are emptied between tests."""

    _connection: "asyncpg.Connection[asyncpg.Record]"
    _emptying: str

    @classmethod
    async def open(cls, url: str, *metadata: MetaData) -> Self:
        """Connect to the database that has them."""
        connection = await asyncpg.connect(url.replace("+asyncpg", ""))
        return cls(connection, "; ".join(filter(None, map(_emptying, metadata))))

    async def have_events(self) -> bool:
        """Whether the service still has events to deliver."""
        return bool(await self._connection.fetchval("SELECT EXISTS (SELECT FROM outbox WHERE dead_at IS NULL)"))

    async def empty(self) -> None:
        """Delete every row."""
        await self._connection.execute(self._emptying)

    async def close(self) -> None:
        """Close the connection."""
        await self._connection.close()


class WrittenCollections(monitoring.CommandListener):
    """
    Records the collections of MongoDB to which this process has written: the others are still empty.

    A write cannot be cancelled, as a thread waits for it: when its request has timed out, it is still under way.
    """

    def __init__(self) -> None:
        """Start with none."""
        self.names = set[str]()
        self.under_way = set[int]()

    @classmethod
    def of_this_process(cls) -> Self:
        """Record every client created from now on."""
        listener = cls()
        monitoring.register(listener)
        return listener

    def take(self) -> set[str]:
        """Return the collections written to since the last call."""
        names, self.names = self.names, set()
        return names

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        """Record the collection of a writing command."""
        if event.command_name in {"insert", "update", "findAndModify"}:
            self.names.add(event.command[event.command_name])
            self.under_way.add(event.request_id)

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Record the end of a write."""
        self.under_way.discard(event.request_id)

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Record the end of a write."""
        self.under_way.discard(event.request_id)
