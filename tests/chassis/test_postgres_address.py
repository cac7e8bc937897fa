import asyncio
from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from chassis.core.errors import DatabaseUnavailable
from chassis.postgres.database import Postgres
from chassis.postgres.dsn import connect, with_asyncpg
from chassis.postgres.statements import Statement
from cli.dev.ports import free_port
from cli.dev.postgres import EmbeddedPostgres
from tests.support.databases import behind

NAME = "several_hosts"
WRITE = Statement("INSERT INTO cups VALUES (1) RETURNING size")


@pytest.fixture(scope="module")
def url(postgres: EmbeddedPostgres) -> str:
    """The address of a database with one host."""
    return postgres.create_database(NAME)


@pytest.fixture
async def mute() -> AsyncIterator[int]:
    """The port of a server that accepts connections and never answers, like a machine that is off."""

    async def say_nothing(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ended.append(writer)

    ended = list[asyncio.StreamWriter]()
    async with await asyncio.start_server(say_nothing, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]
        for writer in ended:
            writer.close()


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("postgresql://ada:pw@one:1/shop", "ada:pw@one:1/shop"),
        ("postgresql://ada@one:65535/shop", "ada@one:65535/shop"),
        ("postgresql://ada:pw@one:1,two:2/shop", "ada:pw@/shop?host=one%2Ctwo&port=1%2C2"),
        ("postgresql://ada:pw@one,[::1]:2/shop", "ada:pw@/shop?host=one%2C%3A%3A1&port=5432%2C2"),
        ("postgresql://ada:p,w@one:1,two:2/s?ssl=require", "ada:p%2Cw@/s?host=one%2Ctwo&port=1%2C2&ssl=require"),
    ],
)
def test_addresses_are_understood(written: str, read: str) -> None:
    """One host or several are parsed, with the default port where none is named; parsing twice changes nothing."""
    address = with_asyncpg(SecretStr(written))

    assert address.get_secret_value() == f"postgresql+asyncpg://{read}"
    assert with_asyncpg(address) == address


@pytest.mark.parametrize(
    "hosts",
    ["one,", ",", "one:1,two:x", "one:1:1,two", "one:0,two", "one,two:65536", "one,[two", "", "/shop?host=one,two"],
)
def test_nonsense_is_refused(hosts: str) -> None:
    """The message shows the form of an address, and does not quote it."""
    with pytest.raises(ValueError, match=r"^must look like postgresql://user:password@host:5432/database$"):
        with_asyncpg(SecretStr(f"postgresql://ada:secret@{hosts}/shop"))


async def test_a_host_that_refuses_is_passed_over(url: str) -> None:
    """After a host that refuses, the next one is tried at once."""
    database = Postgres(SecretStr(behind(free_port(), url)), "test")
    await database.open()

    assert [row["one"] for row in await database.run(Statement("SELECT 1 AS one"), {})] == [1]
    await database.close()


async def test_a_host_that_is_off_is_passed_over(url: str, mute: int) -> None:
    """A host that is off uses its share of the connection time, and the next host has the rest."""
    database = Postgres(SecretStr(behind(mute, url)), "test")
    await database.open()

    assert [row["one"] for row in await database.run(Statement("SELECT 1 AS one"), {})] == [1]
    await database.close()


async def test_a_service_without_a_primary_is_unavailable(url: str, postgres: EmbeddedPostgres) -> None:
    """With several servers and no writable one, requests are 503."""
    port = free_port()
    database = Postgres(SecretStr(url.replace(f":{postgres.port}/", f":{port},127.0.0.1:{free_port()}/")), "test")
    await database.open()

    with pytest.raises(DatabaseUnavailable):
        await database.run(WRITE, {})
    await database.close()


async def test_of_several_hosts_one_that_may_not_be_written_to_is_none(postgres: EmbeddedPostgres) -> None:
    """The server's own role decides, not that it answers; the error names each host with its reason."""
    url = postgres.create_database("only_read")
    admin = Postgres(SecretStr(url), "test")
    await admin.open()
    async with admin.transaction() as session:
        await session.execute(text("ALTER ROLE only_read SET default_transaction_read_only = on"))
    await admin.close()
    port = free_port()

    with pytest.raises(ConnectionError, match=rf"127\.0\.0\.1:{port}: .*; 127\.0\.0\.1:{postgres.port}: .*read_write"):
        await connect(
            host=["127.0.0.1"] * 2,
            port=[port, postgres.port],
            user="only_read",
            password=url.split(":")[2].partition("@")[0],
            database="only_read",
        )
