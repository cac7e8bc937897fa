import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from time import monotonic
from traceback import format_exception

import asyncpg
import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError

from chassis.core.errors import Conflict, DatabaseUnavailable
from chassis.core.problems import PROBLEM_JSON
from chassis.core.types import Body
from chassis.idempotency.kinds import UNREPEATABLE
from chassis.postgres.database import POOL_SIZE, Postgres, Session
from chassis.sealing.access import public
from chassis.web.routing import service_router
from cli.dev.polling import eventually
from cli.dev.postgres import EmbeddedPostgres
from tests.chassis.things import Thing, create_tables, without_rows
from tests.chassis.tiny import Tiny, serve_tiny

THINGS = "/api/v1/things"
router = service_router("things")


class New(Body):
    """A new thing."""

    name: str
    fail: bool = False


@router.post("", access=public(), idempotency=UNREPEATABLE, status_code=201)
async def create(new: New, session: Session) -> dict[str, str]:
    """Store a thing, and then fail if asked."""
    session.add(Thing(name=new.name))
    await session.flush()
    if new.fail:
        raise Conflict
    return {"name": new.name}


@router.get("", access=public())
async def count(session: Session) -> int:
    """Count the things."""
    return await session.scalar(select(func.count(Thing.id))) or 0


@pytest.fixture(scope="module")
def url(postgres: EmbeddedPostgres) -> str:
    """The address of the service's database."""
    return postgres.create_database("tiny")


@pytest.fixture(scope="module")
async def tiny(url: str) -> AsyncIterator[Tiny]:
    """A service with a database of its own."""
    await create_tables(url)
    async with serve_tiny(router, store=Postgres(SecretStr(url), "tiny")) as service:
        yield service


@pytest.fixture
async def client(tiny: Tiny, database: Postgres) -> httpx.AsyncClient:
    """A client of the service, which has no things yet."""
    return tiny.client


@pytest.fixture
async def database(tiny: Tiny) -> Postgres:
    """The service's database, without any rows."""
    return await without_rows(tiny.app.state.application.store)


async def test_a_row_is_there_when_it_is_answered(client: httpx.AsyncClient) -> None:
    """When a 201 is answered, another connection sees the row."""
    created = await client.post(THINGS, json={"name": "cup"})

    assert created.status_code == 201
    assert (await client.get(THINGS)).json() == 1


async def test_a_commit_that_fails_is_no_success(client: httpx.AsyncClient) -> None:
    """A constraint checked at commit results in an error instead of a 201, and nothing is stored."""
    await client.post(THINGS, json={"name": "cup"})

    response = await client.post(THINGS, json={"name": "cup"})

    assert (response.status_code, response.headers["content-type"]) == (500, PROBLEM_JSON)
    assert (await client.get(THINGS)).json() == 1


async def test_a_route_that_fails_leaves_nothing(client: httpx.AsyncClient) -> None:
    """Rows flushed before the error are rolled back."""
    response = await client.post(THINGS, json={"name": "cup", "fail": True})

    assert response.status_code == 409
    assert (await client.get(THINGS)).json() == 0


async def test_an_exhausted_pool_is_told_in_time(client: httpx.AsyncClient, database: Postgres) -> None:
    """With the pool exhausted the answer is a 503 with a Retry-After, before the caller's deadline."""
    async with AsyncExitStack() as held:
        for _ in range(POOL_SIZE):
            session = await held.enter_async_context(database.transaction())
            await session.execute(text("SELECT 1"))
        begun = monotonic()
        response = await client.get(THINGS)
        elapsed = monotonic() - begun

    assert (response.status_code, response.json()["code"]) == (503, "database_unavailable")
    assert response.headers["retry-after"] == "1"
    assert elapsed < 4
    assert (await client.get(THINGS)).status_code == 200


async def test_a_connection_that_was_cut_is_replaced(client: httpx.AsyncClient, database: Postgres) -> None:
    """After the server closed all connections the next request works."""
    await client.get(THINGS)
    await cut_connections(database)

    assert (await client.get(THINGS)).status_code == 200


async def test_a_connection_that_breaks_between_statements_is_a_503(database: Postgres) -> None:
    """A connection cut during a transaction is a 503."""
    with pytest.raises(DatabaseUnavailable):
        await cut_in_between(database)


async def test_a_server_that_dies_while_a_connection_is_made_is_a_503() -> None:
    """A connection that breaks while it is opened is a 503."""

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(8)  # asks for TLS
        writer.write(b"N")
        await reader.read(64)
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        database = Postgres(SecretStr(f"postgresql://user:word@127.0.0.1:{port}/none"), "test")
        await database.open()
        with pytest.raises(DatabaseUnavailable):
            await database.claim("somebody", "something")
        await database.close()


async def test_a_connection_that_dies_as_soon_as_it_is_made_is_a_503(
    database: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A driver error from a connection that closes while SQLAlchemy sets it up is a 503."""

    async def fail(*_: object, **__: object) -> None:
        raise asyncpg.InterfaceError("connection is closed")

    monkeypatch.setattr(asyncpg.Connection, "set_type_codec", fail)
    with pytest.raises(DatabaseUnavailable):
        async with database.listening("anything", lambda _payload: None):
            pass


@pytest.mark.parametrize("condition", ["deadlock_detected", "lock_not_available", "admin_shutdown"])
async def test_what_may_pass_is_a_503(database: Postgres, condition: str) -> None:
    """A deadlock or a lock timeout is a 503: the request may be retried."""
    with pytest.raises(DatabaseUnavailable):
        async with database.transaction() as session:
            await session.execute(text(f"DO $$ BEGIN RAISE {condition}; END $$"))


async def test_a_connection_that_breaks_during_a_statement_is_a_503(database: Postgres) -> None:
    """A connection cut during a statement is a 503."""
    sleeping = asyncio.create_task(sleep_in(database))

    async def is_cut() -> bool:
        await cut_connections(database, "query LIKE '%pg_sleep(9)'")
        return sleeping.done()

    assert await eventually(is_cut)
    with pytest.raises(DatabaseUnavailable):
        await sleeping


async def cut_in_between(database: Postgres) -> None:
    """Lose the connection between two statements."""
    async with database.transaction() as session:
        await session.execute(text("SELECT 1"))
        await cut_connections(database)
        await session.execute(text("SELECT 1"))


async def sleep_in(database: Postgres) -> None:
    """Run a long statement."""
    async with database.transaction() as session:
        await session.execute(text("SELECT pg_sleep(9)"))


async def cut_connections(database: Postgres, which: str = "true") -> None:
    """Make the server close the other connections of this database."""
    cut = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
    async with database.transaction() as session:
        await session.execute(text(f"{cut} AND datname = current_database() AND {which}"))


SECRET = "xyzzy-plugh-4711"
INSERT = "INSERT INTO things (name, colour, size) VALUES (:name, :colour, :size)"
VIOLATIONS: dict[str, tuple[str, dict[str, object]]] = {
    "unique": (f"{INSERT}, ('another', :colour, 1)", {"name": "cup", "colour": SECRET, "size": 1}),
    "check": (INSERT, {"name": SECRET, "colour": "red", "size": 0}),
    "too long": (INSERT, {"name": "cup", "colour": SECRET * 9, "size": 1}),
    "no number": (INSERT, {"name": "cup", "colour": "red", "size": SECRET}),
}


@pytest.mark.parametrize(
    "violation",
    [
        "unique",
        "check",
        "too long",
        "no number",
    ],
)
async def test_an_error_of_the_database_quotes_no_value(database: Postgres, violation: str) -> None:
    """An error logged with its traceback contains no parameter's value."""
    statement, values = VIOLATIONS[violation]

    with pytest.raises(Exception, match="parameters hidden") as refused:
        async with database.transaction() as session:
            await session.execute(text(statement), values)

    assert SECRET not in "".join(format_exception(refused.value))


async def test_sqlalchemy_itself_quotes_no_parameter(database: Postgres) -> None:
    """The statement is logged, its parameters are not."""
    with pytest.raises(IntegrityError) as refused:
        async with database.transaction() as session:
            await session.execute(text(INSERT), {"name": "cup", "colour": SECRET, "size": 0})

    told = str(refused.value).partition("[SQL: ")[2]
    assert "INSERT INTO things" in told
    assert SECRET not in told


async def test_a_row_can_be_read_when_its_transaction_has_ended(database: Postgres) -> None:
    """After the transaction a row is readable without a connection."""
    thing = Thing(name="cup")
    async with database.transaction() as session:
        session.add(thing)

    assert (thing.name, thing.colour) == ("cup", None)


async def test_a_listener_hears_and_learns_that_it_hears_no_more(database: Postgres) -> None:
    """A listener receives the notifications of its own channel until its connection is cut."""
    heard: list[str] = []

    async def has_heard() -> bool:
        return heard == ["one", "two"]

    async with database.listening("cups", heard.append) as lost:
        async with database.transaction() as session:
            await session.execute(text("SELECT pg_notify('pots', 'three'), pg_notify('cups', 'one')"))
            await session.execute(text("SELECT pg_notify('cups', 'two')"))
        assert await eventually(has_heard)
        assert not lost.is_set()
        await cut_connections(database, "query LIKE 'LISTEN%'")

        await asyncio.wait_for(lost.wait(), 30)


async def test_closing_tells_what_is_not_told_yet_and_leaves_no_connection(database: Postgres, url: str) -> None:
    """Closing sends pending notifications, leaves no connection, and cancels the check of the pool's size."""
    heard: list[str] = []
    left = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'leaving'"
    leaving = Postgres(SecretStr(url), "leaving")

    async def has_left() -> bool:
        async with database.transaction() as session:
            return heard == ["product"] and await session.scalar(text(left)) == 0

    async with database.listening("outbox", heard.append):
        await leaving.open()
        leaving.notifier.notify(["product"])
        await leaving.close()

        assert await eventually(has_left, within=10)
    await leaving.open()
    await leaving.close()
    assert leaving.sizing.cancelled()
