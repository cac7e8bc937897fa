"""
The tables of another team in a database for development or a trial.

They are created from the team's DDL, ``<service>/schema/schema.sql``.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from chassis.postgres.dsn import connect, with_asyncpg
from chassis.postgres.migrations import LOCK
from cli.databases import reason
from cli.environment import owner_url
from cli.errors import CommandError
from cli.migrations import FAILURES
from cli.orm.settings import FILE, read_reflection
from cli.services.discovery import ROOT, Service

_HAS_TABLES = "SELECT EXISTS (SELECT FROM information_schema.tables WHERE table_schema = $1)"


def create_foreign_tables(service: Service) -> list[str]:
    """
    Create the tables as their owner, all or none, if there are none; returns what was done.

    Raises:
        CommandError: The database does not answer, or refuses the DDL; the message has the line.
    """
    file = ROOT / service.name / "schema" / "schema.sql"
    if not file.exists():
        return []
    reflection = read_reflection(ROOT / service.name / "orm" / FILE)
    created = asyncio.run(_create(service, reflection.namespace, file.read_text(encoding="utf-8")))
    return [f"created the tables of {file.relative_to(ROOT)}"] if created else []


async def _create(service: Service, schema: str, script: str) -> bool:
    """Run a script in one transaction, unless the schema has tables; returns whether it did."""
    async with _opened(service) as opened:
        connection = (await opened.get_raw_connection()).driver_connection
        assert isinstance(connection, asyncpg.Connection)
        try:
            async with connection.transaction():
                await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
                if await connection.fetchval(_HAS_TABLES, schema):
                    return False
                await connection.execute(script)
        except asyncpg.PostgresError as error:
            line = await _line(connection, script, error)
            place = f"{service.name}/schema/schema.sql, line {line}"
            raise CommandError(f"{place}: {error.args[0]}. No table was created.") from None
    return True


async def _line(connection: "asyncpg.Connection[asyncpg.Record]", script: str, error: asyncpg.PostgresError) -> int:
    """Return the line of an error; if PostgreSQL did not report its place, the line that ends the statement."""
    if position := getattr(error, "position", None):
        return script.count("\n", 0, int(position) - 1) + 1
    lines = script.splitlines()
    ends = [number for number, line in enumerate(lines, start=1) if line.rstrip().endswith(";")]
    for number in ends:
        if await _error(connection, "\n".join(lines[:number])) == str(error):
            return number
    return len(lines)


async def _error(connection: "asyncpg.Connection[asyncpg.Record]", script: str) -> str:
    """Return the error of a script, which is undone."""
    transaction = connection.transaction()
    await transaction.start()
    try:
        await connection.execute(script)
    except asyncpg.PostgresError as error:
        return str(error)
    finally:
        await transaction.rollback()
    return ""


@asynccontextmanager
async def _opened(service: Service) -> AsyncIterator[AsyncConnection]:
    """
    Connect as the owner, for the block.

    Raises:
        CommandError: The database does not answer.
    """
    try:
        url = with_asyncpg(owner_url(service)).get_secret_value()
        engine = create_async_engine(url, connect_args={"async_creator_fn": connect, "timeout": 5})
        connection = await engine.connect()
    except FAILURES as error:
        raise CommandError(
            f"{service.name}: its database ({service.owner_variable}) failed: {reason(error)}."
        ) from None
    try:
        yield connection
    finally:
        await connection.close()
        await engine.dispose()
