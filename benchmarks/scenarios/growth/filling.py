"""Filling the databases in bulk: with SQL, without their secondary indexes, which are created again afterwards."""

from collections.abc import Callable, Mapping
from dataclasses import astuple, dataclass
from datetime import datetime
from importlib import import_module
from itertools import groupby
from typing import TypeAlias
from uuid import UUID

import asyncpg
from pydantic import SecretStr
from sqlalchemy import MetaData
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex

from benchmarks.scenarios.growth.rows import FUNCTIONS, PREPARE, TABLES, WAITING, Sizes, Table
from chassis.core import json as strict_json
from chassis.messaging.event import envelope
from chassis.postgres.tables import chassis_metadata
from order.events import OrderConfirmed

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
OnRows = Callable[[str], None]
"""Called with a description of the next rows."""

CHUNK = 500_000
"""Rows inserted by one statement."""


@dataclass(frozen=True, slots=True)
class Content:
    """
    The content of a stack's databases.

    Attributes:
        until: The time of the last row.
        person: The account that orders.
        password_hash: Of the password of every account.
    """

    sizes: Sizes
    until: datetime
    person: UUID
    password_hash: str


def steps(sizes: Sizes) -> int:
    """Return how often filling the databases and the outbox reports its progress."""
    return sum(len(_chunks(sizes, table)) for table in (*TABLES, WAITING))


async def fill(databases: Mapping[str, SecretStr], content: Content, on_rows: OnRows) -> None:
    """
    Fill the databases of the services, and update their statistics.

    Args:
        databases: The superuser's address of each service's database.
    """
    for service, tables in groupby(TABLES, lambda table: table.service):
        connection = await _open(databases[service], content)
        # Not for its users, which a trigger counts. The others have foreign keys only, which these rows observe.
        await connection.execute("SET session_replication_role = replica" if service != "user" else "SELECT")
        for table in tables:
            await _fill_without_indexes(connection, content.sizes, table, on_rows)
        await connection.execute("VACUUM (ANALYZE)")
        await connection.close()


async def fill_outbox(order: SecretStr, content: Content, on_rows: OnRows) -> None:
    """Let events of orders wait; *order* is the superuser's address of the orders' database."""
    connection = await _open(order, content)
    message = strict_json.dumps(envelope(OrderConfirmed, "order")).decode()
    for first, last in _chunks(content.sizes, WAITING):
        on_rows(f"{WAITING.name}: {last:,} rows")
        await connection.execute(WAITING.insert, first, last, message)
    await connection.execute("VACUUM (ANALYZE) outbox")
    await connection.close()


async def _open(url: SecretStr, content: Content) -> Connection:
    connection = await asyncpg.connect(url.get_secret_value(), server_settings={"timezone": "UTC"})
    values = *astuple(content.sizes), content.until, content.person, content.password_hash
    await connection.execute(PREPARE, *values)
    await connection.execute(FUNCTIONS)
    return connection


async def _fill_without_indexes(connection: Connection, sizes: Sizes, table: Table, on_rows: OnRows) -> None:
    indexes = _metadata(table).tables[table.name].indexes
    for index in indexes:
        await connection.execute(f"DROP INDEX {index.name}")
    for first, last in _chunks(sizes, table):
        on_rows(f"{table.name}: {last:,} rows")
        await connection.execute(table.insert, first, last)
    for index in indexes:
        await connection.execute(str(CreateIndex(index).compile(dialect=postgresql.dialect())))  # type: ignore[no-untyped-call]
    await connection.execute(f"ANALYZE {table.name}")


def _metadata(table: Table) -> MetaData:
    own: MetaData = import_module(f"{table.service}.models").Base.metadata
    return own if table.name in own.tables else chassis_metadata


def _chunks(sizes: Sizes, table: Table) -> list[tuple[int, int]]:
    rows: int = getattr(sizes, table.size)
    return [(first, min(first + CHUNK - 1, rows)) for first in range(1, rows + 1, CHUNK)]
