"""A route that is slow, or flooded."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from chassis.dispatch.transport import CALLS_AT_A_TIME
from chassis.sealing.access import optional
from chassis.web.routing import service_router
from gateway.front_door.table import Table
from tests.chassis.tiny import serve_tiny
from tests.gateway.doors import KEYS, THINGS, Door, opened, serve_door
from tests.sealing.messages import as_setting

GO = asyncio.Event()
router = service_router("things")


@router.get("/slow", access=optional())
async def slow() -> None:
    """Wait for the test."""
    await GO.wait()


@router.get("/quick", access=optional())
async def quick() -> None:
    """Answer at once."""


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    """A gateway before a service with a slow route and a quick one."""
    GO.clear()
    table = Table(open=[opened(f"{THINGS}/{name}", sealed=True) for name in ("slow", "quick")], closed=[])
    async with (
        serve_tiny(router, link_key=as_setting(KEYS)) as tiny,
        serve_door(str(tiny.client.base_url).rstrip("/"), table) as door,
    ):
        yield door


async def test_a_flooded_route_leaves_connections_for_the_others(door: Door) -> None:
    """Its further requests wait for their turn, and are served in the end."""
    flood = [asyncio.create_task(door.client.get(f"{THINGS}/slow", timeout=30)) for _ in range(CALLS_AT_A_TIME + 10)]
    for _ in range(5):
        assert (await door.client.get(f"{THINGS}/quick", timeout=30)).status_code == 200
    assert not any(one.done() for one in flood)
    GO.set()

    assert {answer.status_code for answer in await asyncio.gather(*flood)} == {200}
