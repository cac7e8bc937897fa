"""A PostgreSQL and its standby."""

import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import asyncpg
import pytest
from pydantic import SecretStr

from chassis.core.errors import DatabaseUnavailable
from chassis.postgres.database import Postgres
from chassis.postgres.statements import Statement
from cli.dev.polling import eventually
from cli.dev.postgres_pair import PostgresPair
from tests.support.databases import HURRY

pytestmark = pytest.mark.long

CREATE = Statement("CREATE TABLE IF NOT EXISTS cups (size int)")
ADD = Statement("INSERT INTO cups VALUES (:size)")
SIZES = "SELECT size FROM cups ORDER BY size"


@pytest.fixture
def pair() -> Iterator[PostgresPair]:
    """A running pair for this test only."""
    # Not pytest's own folder: only root can enter that, and as root, PostgreSQL runs as nobody.
    with tempfile.TemporaryDirectory() as folder, PostgresPair(Path(folder), **HURRY).running() as servers:
        yield servers


async def sizes_on(port: int, url: str) -> list[int]:
    """Read a table on one of the servers."""
    login = url.replace("+asyncpg", "").rpartition("@")[0]
    connection = await asyncpg.connect(f"{login}@127.0.0.1:{port}/things")
    try:
        return [row["size"] for row in await connection.fetch(SIZES)]
    finally:
        await connection.close()


async def test_what_was_acknowledged_outlives_the_primary(pair: PostgresPair) -> None:
    """An acknowledged row is on the standby; after its promotion, a service that knows both hosts writes to it."""
    url = pair.create_database("things")
    database = Postgres(SecretStr(url), "test")
    await database.open()
    await database.run(CREATE, {})
    await database.run(ADD, {"size": 1})

    async def is_copied() -> bool:
        return await sizes_on(pair.standby.port, url) == [1]

    assert await eventually(is_copied)  # it is on disk there already, but may become visible a moment later
    pair.primary.kill()
    pair.promote()

    async def is_written() -> bool:
        with suppress(DatabaseUnavailable):  # on the connection that was open
            await database.run(ADD, {"size": 2})
            return True
        return False

    assert await eventually(is_written)
    await database.close()

    assert await sizes_on(pair.standby.port, url) == [1, 2]


async def test_the_standby_is_passed_over(pair: PostgresPair) -> None:
    """A service finds the primary in any position of the address."""
    url = pair.create_database("things")
    ports = pair.primary.port, pair.standby.port
    backwards = url.replace("127.0.0.1:{},127.0.0.1:{}".format(*ports), "127.0.0.1:{1},127.0.0.1:{0}".format(*ports))
    database = Postgres(SecretStr(backwards), "test")
    await database.open()

    await database.run(CREATE, {})
    await database.run(ADD, {"size": 1})
    await database.close()

    assert backwards != url
    assert await sizes_on(pair.primary.port, url) == [1]
