"""The server of gunicorn's workers."""

import asyncio
import signal

import pytest
import uvicorn

from deploy import worker
from deploy.worker import DrainingServer


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> DrainingServer:
    """A server that would look for a signal once an hour."""
    monkeypatch.setattr(worker, "TICK_S", 3600.0)
    return DrainingServer(uvicorn.Config("no:app", log_config=None))


async def test_a_signal_ends_an_idle_worker_at_once(server: DrainingServer) -> None:
    """It does not wait for the next tick."""
    serving = asyncio.create_task(server.main_loop())
    await asyncio.sleep(0)
    assert not serving.done()

    server.handle_exit(signal.SIGTERM, None)

    async with asyncio.timeout(30):
        await serving


async def test_a_signal_during_the_start_is_not_lost(server: DrainingServer) -> None:
    """The server ends before it waits."""
    server.handle_exit(signal.SIGTERM, None)

    async with asyncio.timeout(30):
        await server.main_loop()
