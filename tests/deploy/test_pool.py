import asyncio

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from chassis.postgres import Postgres


async def warnings_of(url: str, pool_size: int, processes: int) -> list[dict[str, int]]:
    """What a service with such pools says of them at its start."""
    with capture_logs() as lines:
        database = Postgres(SecretStr(url), "test", pool_size, processes)
        await database.open()
        await asyncio.wait_for(database.sizing, 5)
        await database.close()
    return [{name: line[name] for name in ("wanted", "allowed")} for line in lines if "allowed" in line]


@pytest.mark.parametrize(("pool_size", "processes", "warned"), [(10, 4, False), (20, 9, False), (20, 10, True)])
async def test_pools_that_the_server_cannot_hold_are_warned_of(
    environment: dict[str, str], pool_size: int, processes: int, *, warned: bool
) -> None:
    """Workers x replicas x (pool + probe) is held against max_connections less what is reserved (200 - 3)."""
    lines = await warnings_of(environment["ORDER_DATABASE_URL"], pool_size, processes)

    assert lines == ([{"wanted": 210, "allowed": 197}] if warned else [])


async def test_a_server_that_is_down_is_no_reason_to_warn() -> None:
    """A service starts while its database is down."""
    assert await warnings_of("postgresql://nobody:nowhere@127.0.0.1:1/nothing", 100, 100) == []
