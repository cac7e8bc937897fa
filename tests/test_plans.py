"""Every list and purge at a million rows reads a bounded number of them, however rare the rows it looks for."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from inspect import get_annotations
from typing import Any, cast

import asyncpg
import pytest
from alembic import command
from alembic.config import Config
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql import ClauseElement

from benchmarks.plans import flaws, flaws_of_statements, nodes
from chassis.postgres import database as chassis_postgres
from chassis.postgres.database import Postgres
from chassis.postgres.purge import BATCH
from chassis.web.pagination import Paging
from chassis.web.routing import Route
from cli.dev.databases import create_database
from cli.dev.files import ROOT
from cli.dev.postgres import EmbeddedPostgres
from cli.foreign_tables import create_foreign_tables
from cli.services import SERVICES
from tests.support.statements import statement_table_of

MOST_PAGES = 3_000
"""Of 8 KiB, the most that one page of a list may touch: each of these tables has several times as many."""
PAGES_OF_A_DELETION = 5
"""To lock a row and then to delete it, its page and the visibility map's are found each time."""
SERVICES_WITH_TABLES = [service for service in SERVICES if service.store == "postgres"]
TABLES = {service.name: statement_table_of(service.name) for service in SERVICES_WITH_TABLES}


@dataclass(slots=True)
class Reader:
    """A session that explains each statement, and answers all but the query for the list."""

    session: AsyncSession
    plans: list[dict[str, Any]] = field(default_factory=list)

    async def scalars(self, query: Any) -> Any:  # noqa: ANN401 - SQLAlchemy's
        """Explain a query for rows; it returns no entities."""
        self.plans.append(await explain(self.session, query))
        is_list = isinstance(query.column_descriptions[0]["expr"], type)
        return await self.session.scalars(query.limit(0) if is_list else query)

    async def scalar(self, query: Any) -> object:  # noqa: ANN401
        """Explain a query for one value, and run it."""
        self.plans.append(await explain(self.session, query))
        return await self.session.scalar(query)

    async def execute(self, query: Any) -> object:  # noqa: ANN401
        """Explain a query for some columns, or a statement that changes only the session, and run it."""
        self.plans.append(await explain(self.session, query))
        return await self.session.execute(query)


@pytest.fixture(scope="module")
def urls(postgres: EmbeddedPostgres) -> dict[str, tuple[str, str]]:
    """A migrated database for each service: its address for the service, and for the owner of its tables."""
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        for service in SERVICES_WITH_TABLES:
            addresses = create_database(postgres, service, f"plans_{service.name}")
            for name, value in addresses.items():
                patch.setenv(name, value)
            command.upgrade(Config(ROOT / service.name / "alembic.ini"), "head")
            create_foreign_tables(service)
            found[service.name] = addresses[service.store_variable], addresses[service.owner_variable]
    return found


@pytest.fixture(scope="module")
async def databases(urls: dict[str, tuple[str, str]]) -> AsyncIterator[dict[str, Postgres]]:
    """The same, with a million rows in each table that has lists or grows."""
    async with AsyncExitStack() as stack:
        opened = {}
        for name, (url, owner) in urls.items():
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(chassis_postgres, "STATEMENT_TIMEOUT_S", 600)
                opened[name] = Postgres(SecretStr(url), name)
                await opened[name].open()
            stack.push_async_callback(opened[name].close)
            for statement in TABLES[name].fill:
                await run(opened[name], statement)
            await analyze(owner)
        yield opened


async def analyze(url: str) -> None:
    """Let PostgreSQL look at the rows, which only the owner of tables may do."""
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    await connection.execute("ANALYZE", timeout=600)
    await connection.close()


async def run(database: Postgres, statement: str) -> None:
    """Run a statement unchanged."""
    async with database.transaction() as session:
        await (await session.connection()).exec_driver_sql(statement)


async def explain(session: AsyncSession, statement: ClauseElement) -> dict[str, Any]:
    """Return the database's plan, and the number of rows that it reads."""
    sql = statement.compile(dialect=postgresql.asyncpg.dialect(), compile_kwargs={"literal_binds": True})  # type: ignore[no-untyped-call]
    connection = await session.connection()
    found = await connection.exec_driver_sql(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}")
    plan = found.scalar_one()
    return cast("dict[str, Any]", (json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"])


def judge(plan: dict[str, Any], most: int = MOST_PAGES) -> None:
    """Fail on a plan that reads or sorts a whole table, also through an index."""
    read = frozenset(node["Relation Name"] for node in nodes(plan) if "Relation Name" in node)
    pages = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
    assert (list(flaws(plan, read)), pages <= most) == ([], True), json.dumps(plan, indent=1)


@pytest.mark.long
@pytest.mark.parametrize(
    ("service", "route", "case"),
    [
        (service, route, case)
        for service, table in TABLES.items()
        for route, asked in table.lists.items()
        for case in range(len(asked))
    ],
)
async def test_a_page_of_a_list_reads_little(
    databases: dict[str, Postgres], service: str, route: str, case: int
) -> None:
    """Each page reads little of a million rows, with any filter, wherever in the list the rare rows are."""
    async with databases[service].transaction() as session:
        reader = Reader(session)
        await TABLES[service].lists[route][case](cast(AsyncSession, reader))

    for plan in reader.plans:
        judge(plan)


@pytest.mark.long
@pytest.mark.parametrize(
    ("service", "case"), [(service, case) for service, table in TABLES.items() for case in range(len(table.purges))]
)
async def test_a_purge_finds_what_is_old_by_an_index(databases: dict[str, Postgres], service: str, case: int) -> None:
    """The measurement of the delay uses an index, too, when there is nothing to delete."""
    async with databases[service].transaction() as session:
        plan = await explain(session, TABLES[service].purges[case])
        await session.rollback()

    judge(plan, most=PAGES_OF_A_DELETION * BATCH)


@pytest.mark.long
@pytest.mark.parametrize("service", [service.name for service in SERVICES_WITH_TABLES])
async def test_the_plan_that_is_kept_for_a_statement_reads_little(
    databases: dict[str, Postgres], urls: dict[str, tuple[str, str]], service: str
) -> None:
    """No ``Statement`` scans or sorts a large table, with the plan that PostgreSQL keeps for all values."""
    assert databases[service].service == service  # they are full

    connection = await asyncpg.connect(urls[service][0].replace("+asyncpg", ""))
    found = await flaws_of_statements(connection, service)
    await connection.close()

    assert found == []


def test_every_list_is_asked(apps: dict[str, FastAPI]) -> None:
    """A new list must be added to ``tests/<service>/statements.py``, with its filters."""
    paged = {
        service: {
            route.endpoint.__name__
            for route in apps[service].routes
            if isinstance(route, Route) and Paging in get_annotations(route.endpoint).values()
        }
        for service in TABLES
    }

    assert paged == {service: set(table.lists) for service, table in TABLES.items()}
