"""A server that was the primary and now refuses writes."""

from collections.abc import AsyncIterator, Awaitable, Callable

import asyncpg
import pytest
from pydantic import SecretStr
from sqlalchemy import text

from chassis.core.errors import DatabaseUnavailable
from chassis.postgres.database import Postgres
from chassis.postgres.statements import Statement
from cli.dev.postgres import EmbeddedPostgres

ROLE = "demoted"
INSERT = "INSERT INTO cups VALUES (1)"


async def set_read_only(url: str, setting: str) -> None:
    """Make connections opened from now on behave like those to a standby, or to a primary."""
    connection = await asyncpg.connect(
        url.replace("+asyncpg", ""), server_settings={"default_transaction_read_only": "off"}
    )
    await connection.execute(f"ALTER ROLE {ROLE} SET default_transaction_read_only = {setting}")
    await connection.execute("CREATE TABLE IF NOT EXISTS cups (size int)")
    await connection.close()


@pytest.fixture
async def url(postgres: EmbeddedPostgres) -> AsyncIterator[str]:
    """The address of a database that starts as a standby."""
    address = postgres.create_database(ROLE)
    await set_read_only(address, "on")
    yield address
    await set_read_only(address, "off")


async def run_statement(database: Postgres) -> None:
    """Write with a single statement, as the nonce is stored."""
    await database.run(Statement(INSERT), {})


async def run_session(database: Postgres) -> None:
    """Write in a session, as routes do."""
    async with database.transaction() as session:
        await session.execute(text(INSERT))


@pytest.mark.parametrize("write", [run_statement, run_session])
async def test_a_write_that_is_refused_is_a_503_and_drops_the_connection(
    url: str, write: Callable[[Postgres], Awaitable[None]]
) -> None:
    """A connection to a former primary is dropped: the next write opens a new one."""
    database = Postgres(SecretStr(url), "test", pool_size=1)
    await database.open()

    with pytest.raises(DatabaseUnavailable):
        await write(database)
    await set_read_only(url, "off")

    await write(database)
    await database.close()
