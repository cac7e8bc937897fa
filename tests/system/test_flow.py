import asyncio

import httpx
import pytest

from cli.demo.demo import demo
from cli.dev.polling import eventually
from tests.system.leases import end_leases
from tests.system.stack import Stack

pytestmark = pytest.mark.long


async def test_the_demo_walks_through_all_services(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """All services work together, each a process of its own; the demo itself checks that analytics has counted all."""
    for name, value in stack.environment.items():
        monkeypatch.setenv(name, value)
    await end_leases(stack)  # left by processes killed in other tests

    await asyncio.to_thread(demo)  # calls between services pass through this event loop


@pytest.mark.parametrize(("service", "database"), [("user", "postgres"), ("analytics", "mongodb")])
async def test_a_database_that_is_down_is_told_and_recovered_from(stack: Stack, service: str, database: str) -> None:
    """/readyz is 503 and names the database, /livez is 200; afterwards the service is ready without a restart."""
    server = getattr(stack, database)
    async with httpx.AsyncClient(base_url=stack.environment[f"{service.upper()}_SERVICE_URL"]) as client:

        async def is_ready() -> bool:
            return (await client.get("/readyz")).status_code == 200

        assert await is_ready()
        server.kill()
        try:
            unready = await client.get("/readyz")
            assert (await client.get("/livez")).status_code == 200
        finally:
            server.start()
            await end_leases(stack)
        assert unready.status_code == 503
        assert unready.json()["checks"][database].startswith("down")
        assert await eventually(is_ready)
