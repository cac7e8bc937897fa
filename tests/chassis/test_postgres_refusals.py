"""A PostgreSQL that refuses connections or cannot serve us is a 503, whatever its error code."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from asyncpg import PostgresError
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine

from chassis.core.clock import unix_ms
from chassis.core.errors import DatabaseUnavailable
from chassis.postgres.database import Postgres
from chassis.postgres.statements import Statement
from chassis.postgres.tables import chassis_metadata
from cli.dev.postgres import EmbeddedPostgres

NAME = "refused"
REFUSALS = {
    "28P01 another password": "ALTER ROLE refused PASSWORD 'other'",
    "28000 no login": "ALTER ROLE refused NOLOGIN",
    "3D000 no such database": "ALTER DATABASE refused RENAME TO gone",
    "42501 no right": "ALTER DATABASE refused OWNER TO postgres; REVOKE CONNECT ON DATABASE refused FROM refused",
    "53300 too many connections": "ALTER ROLE refused CONNECTION LIMIT 0",
    "55000 no connections": "ALTER DATABASE refused ALLOW_CONNECTIONS false",
}
MENDED = """
    SELECT 'ALTER DATABASE gone RENAME TO refused' FROM pg_database WHERE datname = 'gone' \\gexec
    ALTER DATABASE refused ALLOW_CONNECTIONS true;
    ALTER DATABASE refused OWNER TO refused;
    GRANT CONNECT ON DATABASE refused TO refused;
    ALTER ROLE refused LOGIN CONNECTION LIMIT -1
"""
UNAVAILABLE = [
    *("08000", "08006", "08P01", "25006", "25P03", "25P04", "28000", "28P01", "3D000", "40001", "40P01", "42501"),
    *("53000", "53100", "53200", "53300", "55000", "55006", "55P03", "57000", "57014", "57P01", "57P02", "57P03"),
    *("57P04", "57P05", "58000", "58030"),
]


@pytest.fixture
async def url(postgres: EmbeddedPostgres) -> AsyncIterator[str]:
    """A database with the chassis's tables, which a test breaks."""
    address = postgres.create_database(NAME)
    engine = create_async_engine(address)
    async with engine.begin() as connection:
        await connection.run_sync(chassis_metadata.create_all)
    await engine.dispose()
    yield address
    postgres.execute(MENDED)


async def run_statement(database: Postgres) -> None:
    """Query with the driver only."""
    await database.run(Statement("SELECT 1"), {})


async def run_session(database: Postgres) -> None:
    """Query in a session."""
    async with database.transaction() as session:
        await session.execute(text("SELECT 1"))


async def listen(database: Postgres) -> None:
    """Listen for events."""
    async with database.listening("anything", lambda _payload: None):
        pass


@pytest.mark.parametrize("refusal", REFUSALS)
@pytest.mark.parametrize("ask", [run_statement, run_session, listen])
async def test_a_server_that_does_not_let_us_in_is_unavailable(
    url: str, postgres: EmbeddedPostgres, refusal: str, ask: Callable[[Postgres], Awaitable[None]]
) -> None:
    """A refused connection is a 503 for a statement, a session and a listener; readiness fails too."""
    postgres.execute(REFUSALS[refusal])
    database = Postgres(SecretStr(url), "test")
    await database.open()

    with pytest.raises(DatabaseUnavailable):
        await ask(database)
    with pytest.raises((PostgresError, SQLAlchemyError)):
        await database.check()
    await database.close()


async def test_rights_that_are_revoked_make_it_unavailable(url: str, postgres: EmbeddedPostgres) -> None:
    """If rights are revoked while connections are accepted, the replay store is a 503, and readiness fails."""
    database = Postgres(SecretStr(url), "test")
    await database.open()
    time_ms = await database.check()
    async with database.transaction() as session:
        await session.execute(text("REVOKE ALL ON sealed_requests FROM refused"))

    with pytest.raises(DatabaseUnavailable):
        await database.claim("order", "1")
    with pytest.raises(SQLAlchemyError):
        await database.check()
    async with database.transaction() as session:
        await session.execute(text("GRANT ALL ON sealed_requests TO refused"))
    assert time_ms == pytest.approx(unix_ms(), abs=5000)
    await database.close()


@pytest.mark.parametrize("in_session", [True, False])
async def test_a_state_says_whether_it_is_unavailable(url: str, *, in_session: bool) -> None:
    """An SQLSTATE that concerns one request only is a 500; the others are a 503."""
    database = Postgres(SecretStr(url), "test")
    await database.open()

    async def ask(raising: str) -> None:
        if in_session:
            async with database.transaction() as session:
                await session.execute(text(raising))
        else:
            await database.run(Statement(raising), {})

    expected = dict.fromkeys(UNAVAILABLE, True) | {"22012": False, "42P01": False}
    is_away = {}
    for state in expected:
        with pytest.raises((DatabaseUnavailable, SQLAlchemyError, PostgresError)) as failed:
            await ask(f"DO $$ BEGIN RAISE SQLSTATE '{state}'; END $$")
        is_away[state] = isinstance(failed.value, DatabaseUnavailable)
    assert is_away == expected
    await database.close()
