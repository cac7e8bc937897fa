"""A service that refuses requests because it has too many, and people who have more time than others."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from fastapi import Request

from chassis.idempotency.kinds import UNREPEATABLE
from chassis.sealing.access import optional, public
from chassis.web.routing import service_router
from cli.dev.polling import eventually
from gateway.front_door.table import Table
from tests.chassis.tiny import serve_tiny
from tests.gateway.doors import KEYS, PLAIN, SEALED, Door, opened, serve_door
from tests.sealing.messages import as_setting
from tests.support.fault_proxy import Exchange, FaultProxy

GO = asyncio.Event()
ARRIVED: list[float] = []
MARK = {"x-service-communication": "encrypted"}
router = service_router("things")


async def wait(request: Request) -> None:
    """Wait for the test."""
    ARRIVED.append(float(request.headers.get("x-request-timeout-ms", "0")))
    await GO.wait()


router.post("/sealed", access=optional(), idempotency=UNREPEATABLE)(wait)
router.post("/plain", access=public(), idempotency=UNREPEATABLE)(wait)


TABLE = Table(
    open=[
        opened(SEALED, sealed=True, method="POST", idempotency="unrepeatable"),
        opened(PLAIN, sealed=False, method="POST", idempotency="unrepeatable"),
    ],
    closed=[],
)


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    """A gateway before a service that serves one request at a time."""
    GO.clear()
    ARRIVED.clear()
    async with (
        serve_tiny(router, link_key=as_setting(KEYS), max_in_flight=1) as tiny,
        serve_door(str(tiny.client.base_url).rstrip("/"), TABLE) as door,
    ):
        yield door
        GO.set()


@pytest.mark.parametrize("path", [SEALED, PLAIN])
async def test_an_overloaded_service_is_a_503_that_says_when_to_come_back(door: Door, path: str) -> None:
    """It refuses unsealed, as it has not opened the request."""
    served = asyncio.create_task(door.client.post(path))

    async def is_full() -> bool:
        return bool(ARRIVED)

    assert await eventually(is_full)
    refused = await door.client.post(path)
    GO.set()

    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    assert (await served).status_code == 200


@pytest.mark.parametrize("path", [SEALED, PLAIN])
async def test_a_person_may_have_more_time_than_others(door: Door, path: str) -> None:
    """The service learns of it."""
    GO.set()

    await door.client.post(path, headers={"x-request-timeout-ms": "20000"})

    assert 19_000 < ARRIVED[0] <= 20_000


async def silent(_exchange: Exchange) -> None:
    """Never answer."""
    await asyncio.Event().wait()


async def test_what_a_program_has_sealed_has_the_longest_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own is inside the seal, and its service keeps to it."""
    monkeypatch.setattr("chassis.core.deadline.LONGEST_S", 0.2)
    async with FaultProxy("", silent) as service, serve_door(service.address, TABLE) as door:
        answer = await door.client.post(SEALED, headers=MARK)

    assert (answer.status_code, answer.json()["code"]) == (504, "deadline_exceeded")
