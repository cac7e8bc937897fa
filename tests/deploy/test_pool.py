import asyncio

import pytest
from pydantic import SecretStr
from structlog.testing import CapturingLogger

from chassis.postgres import database as postgres


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> CapturingLogger:
    """The log lines about databases; the logger is replaced, since it caches its configuration at its first line."""
    captured = CapturingLogger()
    monkeypatch.setattr(postgres, "log", captured)
    return captured


async def open_and_close(url: str, pool_size: int, processes: int) -> None:
    """Start with pools of this size, and stop."""
    database = postgres.Postgres(SecretStr(url), "test", pool_size, processes)
    await database.open()
    await asyncio.wait_for(database.sizing, 5)
    await database.close()


@pytest.mark.parametrize(("pool_size", "processes", "warned"), [(10, 4, False), (20, 8, False), (20, 9, True)])
async def test_pools_that_the_server_cannot_hold_are_warned_of(
    environment: dict[str, str], log: CapturingLogger, pool_size: int, processes: int, *, warned: bool
) -> None:
    """Workers x replicas x (pool + 2) is compared with max_connections less the reserved ones (200 - 3)."""
    await open_and_close(environment["USER_DATABASE_URL"], pool_size, processes)

    assert [call.kwargs for call in log.calls] == ([{"wanted": 198, "allowed": 197}] if warned else [])


async def test_a_server_that_is_down_is_no_reason_to_warn(log: CapturingLogger) -> None:
    """A service starts while its database is down."""
    await open_and_close("postgresql://nobody:nowhere@127.0.0.1:1/nothing", 100, 100)

    assert log.calls == []
