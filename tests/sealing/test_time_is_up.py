import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from chassis.sealing.access import public
from chassis.web.routing import service_router
from tests.chassis.tiny import Tiny, serve_tiny

THINGS = "/api/v1/things"
SOON = {"x-request-timeout-ms": "100"}
router = service_router("things")


@router.get("/waiting", access=public())
async def wait() -> None:
    """Never answer."""
    await asyncio.Event().wait()


@router.get("/stubborn", access=public())
async def go_on() -> str:
    """Answer although cancelled, like code that waits for a connection with Python 3.11's ``asyncio.wait_for``."""
    with suppress(asyncio.CancelledError):
        await asyncio.Event().wait()
    return "late"


@pytest.fixture
async def tiny() -> AsyncIterator[Tiny]:
    """A service."""
    async with serve_tiny(router) as service:
        yield service


async def test_a_route_is_stopped_when_its_time_is_up(tiny: Tiny) -> None:
    """A route that exceeds its deadline is cancelled and answered 504."""
    answer = await tiny.client.get(f"{THINGS}/waiting", headers=SOON)

    assert (answer.status_code, answer.json()["code"]) == (504, "deadline_exceeded")


async def test_a_route_that_ends_all_the_same_is_answered(tiny: Tiny) -> None:
    """An answer after the deadline is sent, and is not an error."""
    answer = await tiny.client.get(f"{THINGS}/stubborn", headers=SOON)

    assert (answer.status_code, answer.json()) == (200, "late")
