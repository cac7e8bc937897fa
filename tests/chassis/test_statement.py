import asyncio
from collections.abc import AsyncIterator
from traceback import format_exception

import asyncpg
import pytest
from pydantic import SecretStr
from sqlalchemy import Integer, String, bindparam, column, select, table, text
from sqlalchemy.ext.asyncio import create_async_engine

from chassis.core.errors import DatabaseUnavailable, Unauthenticated
from chassis.postgres.database import POOL_SIZE, Postgres
from chassis.postgres.nonces import Nonce
from chassis.postgres.statements import Statement, run_in
from chassis.postgres.tables import chassis_metadata
from chassis.sealing.replay import Claim
from cli.dev.polling import eventually
from cli.dev.postgres import EmbeddedPostgres

SECRET = "xyzzy-plugh-4711"
ADD = Statement(Nonce, "INSERT INTO cups (colour, size) VALUES (:colour, :size) RETURNING colour")
COLOURS = Statement("SELECT colour FROM cups ORDER BY colour")
CUPS = table("cups", column("colour", String), column("size", Integer))
OF_SIZE = Statement(select(CUPS.c.colour).where(CUPS.c.size == bindparam("size")).limit(bindparam("most")))
SLEEP = Statement("SELECT pg_sleep(:seconds)")


@pytest.fixture(scope="module")
def url(postgres: EmbeddedPostgres) -> str:
    """The address of an empty database."""
    return postgres.create_database("statements")


@pytest.fixture(scope="module")
async def opened(url: str) -> AsyncIterator[Postgres]:
    """The database, with one table beside the chassis's."""
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(chassis_metadata.create_all)
        await connection.execute(text("CREATE TABLE cups (colour varchar(50) UNIQUE, size int CHECK (size > 0))"))
    await engine.dispose()
    database = Postgres(SecretStr(url), "test")
    await database.open()
    yield database
    await database.close()


@pytest.fixture
async def database(opened: Postgres) -> Postgres:
    """The database, without any rows."""
    async with opened.transaction() as session:
        # Not TRUNCATE: it would wait for the server to end what a test cut off.
        await session.execute(text("DELETE FROM cups"))
        await session.execute(text("DELETE FROM sealed_requests"))
    return opened


async def colours(database: Postgres) -> list[str]:
    """The colours of all cups."""
    return [row["colour"] for row in await database.run(COLOURS, {})]


async def test_a_statement_is_a_transaction(database: Postgres) -> None:
    """A statement's changes are committed when it returns."""
    (row,) = await database.run(ADD, {"colour": "red", "size": 1}, Nonce(None))

    assert row["colour"] == "red"
    assert await colours(database) == ["red"]


async def test_a_statement_may_be_a_select_of_tables(database: Postgres) -> None:
    """Its values have the names of its parameters, and its rows those of its columns."""
    for colour, size in (("red", 1), ("blue", 2), ("green", 2)):
        await database.run(ADD, {"colour": colour, "size": size}, Nonce(None))

    assert [dict(row) for row in await database.run(OF_SIZE, {"size": 1, "most": 5})] == [{"colour": "red"}]
    assert len(await database.run(OF_SIZE, {"size": 2, "most": 1})) == 1


async def test_a_statement_claims_its_request_once(database: Postgres) -> None:
    """A second claim of the request is a 401, and has no effect."""
    claim = Claim("order", "one")
    await database.run(ADD, {"colour": "red", "size": 1}, Nonce(claim))

    with pytest.raises(Unauthenticated):
        await database.run(ADD, {"colour": "blue", "size": 1}, Nonce(claim))

    assert claim.refused
    assert await colours(database) == ["red"]


@pytest.mark.parametrize(
    ("statement", "parts"),
    [(ADD, []), (ADD, [Nonce(None), Nonce(None)]), (COLOURS, [Nonce(Claim("order", "one"))])],
    ids=["none", "two", "of another"],
)
async def test_a_statement_runs_with_its_own_parts_only(
    database: Postgres, statement: Statement, parts: list[Nonce]
) -> None:
    """A nonce that was forgotten, or that the statement would not claim, is an error, also in a session."""
    with pytest.raises(TypeError, match="Nonce"):
        await database.run(statement, {"colour": "red", "size": 1}, *parts)
    async with database.transaction() as session:
        with pytest.raises(TypeError, match="Nonce"):
            await run_in(session, statement, {"colour": "red", "size": 1}, *parts)

    assert await colours(database) == []


async def test_a_statement_that_fails_claims_nothing(database: Postgres) -> None:
    """A failed statement claims nothing, so the request may be sent again."""
    with pytest.raises(asyncpg.CheckViolationError):
        await database.run(ADD, {"colour": "red", "size": 0}, Nonce(Claim("order", "one")))

    assert await database.claim("order", "one")


async def test_a_violation_of_its_own_is_no_second_claim(database: Postgres) -> None:
    """A violation of another table's unique constraint is raised as it is, not as a replay."""
    await database.run(ADD, {"colour": "red", "size": 1}, Nonce(Claim("order", "one")))

    with pytest.raises(asyncpg.UniqueViolationError):
        await database.run(ADD, {"colour": "red", "size": 1}, Nonce(Claim("order", "two")))


async def test_statements_that_were_cancelled_take_no_connection_with_them(database: Postgres, url: str) -> None:
    """After cancelled statements the pool is complete."""
    watcher = await asyncpg.connect(url.replace("+asyncpg", ""))
    sleeping = [asyncio.create_task(database.run(SLEEP, {"seconds": 9.0})) for _ in range(POOL_SIZE)]

    async def are_asleep() -> bool:
        count = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()"
        return bool(await watcher.fetchval(count) == POOL_SIZE)

    assert await eventually(are_asleep)
    await watcher.close()
    for task in sleeping:
        task.cancel()
    await asyncio.gather(*sleeping, return_exceptions=True)

    await asyncio.gather(*(database.run(SLEEP, {"seconds": 0.1}) for _ in range(POOL_SIZE)))


@pytest.mark.parametrize("condition", ["deadlock_detected", "lock_not_available", "admin_shutdown"])
async def test_what_may_pass_is_a_503(database: Postgres, condition: str) -> None:
    """A deadlock or a lock timeout is a 503, as in a session."""
    with pytest.raises(DatabaseUnavailable):
        await database.run(Statement(f"DO $$ BEGIN RAISE {condition}; END $$"), {})


async def test_a_connection_that_is_cut_is_a_503_and_replaced(database: Postgres) -> None:
    """A connection that the server closes, during a statement or between two, is a 503 and is replaced."""
    cut = Statement("SELECT pg_terminate_backend(pg_backend_pid())")
    with pytest.raises(DatabaseUnavailable):
        await database.run(cut, {})

    assert await colours(database) == []


@pytest.mark.parametrize(
    ("colour", "size"), [(SECRET, 0), (SECRET * 9, 1), ("red", SECRET)], ids=["check", "too long", "no number"]
)
async def test_an_error_quotes_no_value(database: Postgres, colour: str, size: object) -> None:
    """An error logged with its traceback contains no value."""
    with pytest.raises(Exception, match=r"violates|too long|hidden") as refused:
        await database.run(ADD, {"colour": colour, "size": size}, Nonce(None))

    assert SECRET not in "".join(format_exception(refused.value))
    assert not isinstance(refused.value, DatabaseUnavailable)


async def test_a_server_that_takes_no_connection_now_is_a_503(postgres: EmbeddedPostgres) -> None:
    """A server that refuses a connection because it is full or has just restarted is a 503."""
    url = postgres.create_database("crowded")
    owner, late = Postgres(SecretStr(url), "owner"), Postgres(SecretStr(url), "late")
    await owner.open()
    await late.open()
    async with owner.transaction() as session:
        await session.execute(text("ALTER DATABASE crowded CONNECTION LIMIT 0"))
    try:
        with pytest.raises(DatabaseUnavailable):
            await late.run(Statement("SELECT 1"), {})
    finally:
        await late.close()
        await owner.close()
