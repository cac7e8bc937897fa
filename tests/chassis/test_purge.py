from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from prometheus_client import REGISTRY
from pydantic import SecretStr
from sqlalchemy import Column, DateTime, ForeignKey, Integer, MetaData, Table, Text, func, select, text
from sqlalchemy.ext.asyncio import create_async_engine
from structlog.testing import CapturingLogger

from chassis.postgres import purge as purging
from chassis.postgres.database import Postgres
from chassis.postgres.purge import Expiry, purge
from cli.dev.postgres import EmbeddedPostgres
from tests.support.databases import emptying

metadata = MetaData()
cups, pots, handles = (
    Table(
        name,
        metadata,
        Column("id", Integer, primary_key=True),
        Column("at", DateTime(timezone=True), index=True, server_default=func.now()),
        Column("kind", Text, server_default="old"),
        *([Column("pot", ForeignKey("pots.id"))] if name == "handles" else []),
    )
    for name in ("cups", "pots", "handles")
)
HOUR = timedelta(hours=1)
CUPS, POTS = Expiry(cups.c.at, HOUR, batch=10), Expiry(pots.c.at, HOUR, batch=10)


@pytest.fixture(scope="module")
async def opened(postgres: EmbeddedPostgres) -> AsyncIterator[Postgres]:
    """A database with three tables of rows that expire; a pot with a handle cannot be deleted."""
    url = postgres.create_database("purge")
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    await engine.dispose()
    database = Postgres(SecretStr(url), "tiny")
    await database.open()
    yield database
    await database.close()


@pytest.fixture
async def database(opened: Postgres) -> Postgres:
    """The same, empty."""
    await run(opened, emptying("handles", "pots", "cups"))
    return opened


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> CapturingLogger:
    """The log lines about purging."""
    captured = CapturingLogger()
    monkeypatch.setattr(purging, "log", captured)
    return captured


async def run(database: Postgres, statement: str) -> None:
    """Run a statement."""
    async with database.transaction() as session:
        await session.execute(text(statement))


async def fill(database: Postgres, table: str, rows: int, minutes: int, first: int = 1) -> None:
    """Insert rows of that age."""
    statement = (
        f"INSERT INTO {table} (id, at) SELECT n, now() - interval '{minutes} min'"  # noqa: S608 - our own tables
        f" FROM generate_series({first}, {first + rows - 1}) AS n"
    )
    await run(database, statement)


async def ids(database: Postgres, table: Table) -> list[int]:
    """Return the ids that remain."""
    async with database.transaction() as session:
        return list(await session.scalars(select(table.c.id).order_by(table.c.id)))


def metric(name: str, table: str) -> float:
    """Return the value of a table's metric."""
    return REGISTRY.get_sample_value(name, {"table": table}) or 0.0


@pytest.mark.parametrize("rows", [0, 1, 9, 10, 11, 35])
async def test_all_whose_time_is_up_go_however_many_they_are(database: Postgres, rows: int) -> None:
    """All expired rows of the table are deleted and counted; younger rows, of this and of other tables, stay."""
    await fill(database, "cups", rows, minutes=61)
    await fill(database, "cups", 12, minutes=59, first=100)
    await fill(database, "pots", 3, minutes=61)
    before = metric("purge_rows_total", "cups")

    await purge(database, [CUPS])

    assert await ids(database, cups) == list(range(100, 112))
    assert await ids(database, pots) == [1, 2, 3]
    assert metric("purge_rows_total", "cups") == before + rows
    assert metric("purge_overdue_seconds", "cups") == 0


async def test_a_condition_keeps_what_does_not_fulfil_it(database: Postgres) -> None:
    """A row that does not meet the condition stays at any age, and does not count as overdue."""
    await fill(database, "cups", 25, minutes=61)
    await run(database, "UPDATE cups SET kind = 'dear', at = at - interval '1 day' WHERE id % 5 = 0")

    await purge(database, [Expiry(cups.c.at, HOUR, only=cups.c.kind == "old", batch=10)])

    assert await ids(database, cups) == [5, 10, 15, 20, 25]
    assert metric("purge_overdue_seconds", "cups") == 0


async def test_a_table_that_cannot_be_purged_stops_no_other(database: Postgres, log: CapturingLogger) -> None:
    """A failed table is logged with its name, its earlier deletions stay, and its delay is measured."""
    await fill(database, "pots", 30, minutes=80)
    await fill(database, "cups", 30, minutes=90)
    await run(database, "UPDATE pots SET at = at - interval '10 min' WHERE id <= 10")
    await run(database, "INSERT INTO handles (id, pot) VALUES (1, 15)")

    await purge(database, [POTS, CUPS])

    assert await ids(database, pots) == list(range(11, 31))
    assert await ids(database, cups) == []
    assert [(call.method_name, call.args, call.kwargs["table"]) for call in log.calls] == [
        ("error", ("table not purged",), "pots")
    ]
    assert metric("purge_overdue_seconds", "pots") == pytest.approx(20 * 60, abs=60)
    assert metric("purge_overdue_seconds", "cups") == 0


async def test_a_row_that_a_request_has_locked_is_left_to_the_next_round(database: Postgres) -> None:
    """A purge does not wait for a locked row."""
    await fill(database, "cups", 25, minutes=61)

    async with database.transaction() as session:
        await session.execute(select(cups.c.id).where(cups.c.id == 3).with_for_update())
        await purge(database, [CUPS])

    assert await ids(database, cups) == [3]


async def test_one_worker_at_a_time_purges_a_table(database: Postgres) -> None:
    """A second worker skips the table without waiting, and purges the next one."""
    for table in ("cups", "pots"):
        await fill(database, table, 25, minutes=61)
    before = metric("purge_rows_total", "cups")

    async with database.transaction() as session:
        first: Any = await purging._delete_alone(session, CUPS)  # noqa: SLF001 - and stay in the transaction
        await purge(database, [CUPS, POTS])

    assert first == 10
    assert metric("purge_rows_total", "cups") == before
    assert await ids(database, cups) == list(range(11, 26))
    assert await ids(database, pots) == []


async def test_each_batch_is_a_transaction_of_its_own(database: Postgres, log: CapturingLogger) -> None:
    """The batches before a failed one are committed; the tables take turns, so none waits until another is done."""
    turns: list[str] = []
    await fill(database, "cups", 25, minutes=61)
    await fill(database, "pots", 15, minutes=61)

    class Recorded(Expiry):
        def delete_batch(self) -> Any:  # noqa: ANN401 - SQLAlchemy's type says no more
            turns.append(self.name)
            return Expiry.delete_batch(self)

    await purge(database, [Recorded(cups.c.at, HOUR, batch=10), Recorded(pots.c.at, HOUR, batch=10)])

    assert turns == ["cups", "pots", "cups", "pots", "cups"]
    assert log.calls == []


async def test_the_oldest_of_a_table_is_what_it_is_behind_by(database: Postgres) -> None:
    """A table with two time columns is measured by the larger delay; a failed measurement is logged."""
    await fill(database, "pots", 1, minutes=90)
    await run(database, "INSERT INTO handles (id, pot) VALUES (1, 1)")

    await purge(database, [POTS, Expiry(pots.c.at, timedelta(days=1))])

    assert metric("purge_overdue_seconds", "pots") == pytest.approx(30 * 60, abs=60)


async def test_a_database_that_is_down_is_told(database: Postgres, log: CapturingLogger) -> None:
    """While the database is down each table is logged, nothing is raised, and the last measurement stays."""
    broken = Postgres(SecretStr("postgresql://nobody@127.0.0.1:9/none"), "tiny")
    await broken.open()
    before = metric("purge_overdue_seconds", "pots")
    try:
        await purge(broken, [CUPS, POTS])
    finally:
        await broken.close()

    assert [call.args[0] for call in log.calls] == ["table not purged"] * 2 + ["purge not measured"] * 2
    assert metric("purge_overdue_seconds", "pots") == before
