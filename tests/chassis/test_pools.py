import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest
from prometheus_client import REGISTRY
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from chassis.core.errors import DatabaseUnavailable
from chassis.mongodb.database import POOL_SIZE, MongoDB
from chassis.postgres.database import Postgres
from chassis.postgres.statements import Statement
from cli.dev.mongodb import EmbeddedMongoDB
from cli.dev.polling import eventually
from cli.dev.postgres import EmbeddedPostgres
from tests.support.databases import patient_pools

CONNECTIONS = 4
BACKEND = Statement("SELECT pg_backend_pid() AS pid")


def gauge(name: str, database: str) -> float:
    """Return the value of a gauge in this process."""
    return REGISTRY.get_sample_value(f"database_pool_{name}", {"database": database}) or 0.0


async def are_at_work() -> bool:
    """Return whether all connections of the small pool are in use."""
    return gauge("in_use", "postgres") >= CONNECTIONS


def tells(name: str, value: float, database: str = "postgres") -> Callable[[], Awaitable[bool]]:
    """Return whether a gauge has this value; services of other tests in this process change it for moments."""

    async def check() -> bool:
        return gauge(name, database) == value

    return check


@pytest.fixture
async def database(postgres: EmbeddedPostgres) -> AsyncIterator[Postgres]:
    """A database with a small pool."""
    store = Postgres(SecretStr(postgres.create_database("pools")), "tiny", pool_size=CONNECTIONS)
    await store.open()
    yield store
    await store.close()


@pytest.fixture
async def single(postgres: EmbeddedPostgres) -> AsyncIterator[Postgres]:
    """The same with one connection; callers wait for as long as the test takes."""
    store = Postgres(SecretStr(postgres.create_database("pools")), "tiny", pool_size=1)
    with patient_pools():
        await store.open()
    yield store
    await store.close()


@pytest.fixture
async def patient_database(postgres: EmbeddedPostgres) -> AsyncIterator[Postgres]:
    """The same; callers wait for as long as the test takes."""
    store = Postgres(SecretStr(postgres.create_database("pools")), "tiny", pool_size=CONNECTIONS)
    with patient_pools():
        await store.open()
    yield store
    await store.close()


async def use(database: Postgres, has_one: asyncio.Semaphore, until: asyncio.Event) -> None:
    """Hold a connection."""
    async with database.transaction() as session:
        await session.execute(text("SELECT 1"))
        has_one.release()
        await until.wait()


async def test_connections_at_work_and_callers_that_wait_are_told(patient_database: Postgres) -> None:
    """Of six callers four hold a connection and two wait; at the end both gauges are zero."""
    held, ended = asyncio.Semaphore(0), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for _ in range(CONNECTIONS + 2):
            group.create_task(use(patient_database, held, ended))

        assert await eventually(tells("waiting", 2))
        assert await eventually(are_at_work)
        ended.set()

    assert await eventually(tells("in_use", 0))
    assert gauge("waiting", "postgres") == 0


async def test_a_caller_that_waits_in_vain_waits_no_more(database: Postgres) -> None:
    """A caller that got its 503 is no longer counted as waiting."""
    held, ended = asyncio.Semaphore(0), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for _ in range(CONNECTIONS):
            group.create_task(use(database, held, ended))
        for _ in range(CONNECTIONS):  # not the gauge: other services of this process add their connections to it
            await held.acquire()
        with pytest.raises(DatabaseUnavailable):
            await use(database, held, ended)
        ended.set()

    assert gauge("waiting", "postgres") == 0


async def test_a_broken_connection_is_not_at_work(database: Postgres) -> None:
    """A connection that breaks while in use is no longer counted."""
    with pytest.raises((DatabaseUnavailable, DBAPIError)):
        async with database.transaction() as session:
            await session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    async with database.transaction() as session:
        assert await session.scalar(text("SELECT 1")) == 1

    assert await eventually(tells("in_use", 0))


async def test_a_connection_goes_to_the_caller_that_has_waited_longest(single: Postgres) -> None:
    """A caller that needs the only connection again and again does not overtake one that waits for it."""
    served = list[str]()

    async def run(name: str, times: int) -> None:
        for _ in range(times):
            await single.run(BACKEND, {})
            served.append(name)

    await asyncio.gather(run("greedy", 5), run("patient", 1))

    assert served[:2] == ["greedy", "patient"]


async def test_a_connection_is_not_lost_with_the_caller_it_was_handed_to(single: Postgres) -> None:
    """A caller that is cancelled when its turn has come hands the connection on."""
    pool = single._pool  # noqa: SLF001 - so that nothing runs between the return of the connection and the cancellation
    taken = await pool._take()  # noqa: SLF001
    waiter = asyncio.create_task(single.run(BACKEND, {}))
    assert await eventually(tells("waiting", 1))
    pool._do_return_conn(taken)  # noqa: SLF001
    waiter.cancel()

    with pytest.raises(asyncio.CancelledError):
        await waiter
    assert await single.run(BACKEND, {})


async def test_a_connection_that_the_server_closed_is_replaced_before_a_statement(
    single: Postgres, postgres: EmbeddedPostgres
) -> None:
    """The next single statement runs on another one, without an error."""
    (before,) = await single.run(BACKEND, {})
    entry = await single._pool._take()  # noqa: SLF001 - to see when the end of the connection has arrived
    single._pool._do_return_conn(entry)  # noqa: SLF001
    await asyncio.to_thread(postgres.execute, f"SELECT pg_terminate_backend({before['pid']}, 5000)")

    async def has_arrived() -> bool:
        return bool(entry.driver_connection.is_closed())

    assert await eventually(has_arrived)

    (after,) = await single.run(BACKEND, {})

    assert after["pid"] != before["pid"]


async def test_the_size_is_that_of_the_open_pools(postgres: EmbeddedPostgres) -> None:
    """The size grows when a database is opened, and shrinks when it is closed."""
    before = gauge("size", "postgres")
    store = Postgres(SecretStr(postgres.create_database("sized")), "tiny", pool_size=CONNECTIONS)
    await store.open()
    opened = gauge("size", "postgres")
    await store.close()

    assert (opened, gauge("size", "postgres")) == (before + CONNECTIONS, before)


async def test_connections_to_mongodb_are_told(mongodb: EmbeddedMongoDB) -> None:
    """A MongoDB connection is in use until its command is answered; the size is the pool's maximum."""
    store, before = MongoDB(SecretStr(mongodb.create_database("pools")), "tiny"), gauge("size", "mongodb")
    await store.open()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(store.close)
        async with store.use() as database:
            await database["things"].insert_one({})
            slow = database["things"].find_one({"$where": "sleep(500) || true"})
            waiting = asyncio.gather(slow)

            assert await eventually(tells("in_use", 1, "mongodb"))
            assert gauge("size", "mongodb") == before + POOL_SIZE
            await waiting

    assert await eventually(tells("in_use", 0, "mongodb"))
    assert (gauge("waiting", "mongodb"), gauge("size", "mongodb")) == (0, before)
