import asyncio
from collections.abc import AsyncIterator
from contextlib import closing

import httpx
import pytest

from chassis.routing import service_router
from chassis.schemas import Body
from chassis.sealing import receiver
from chassis.sealing.modes import public
from chassis.testing import eventually, read_message
from tests.chassis.tiny import Tiny, serve_tiny
from tests.sealing.messages import read_answer

THINGS = "/api/v1/things"
MOST = 3
GO = asyncio.Event()
ARRIVED: list[str] = []
router = service_router("things")


class Thing(Body):
    """A thing."""

    name: str


@router.post("")
@public
async def create(thing: Thing) -> Thing:
    """Wait until the test lets it go on."""
    ARRIVED.append(thing.name)
    await GO.wait()
    return thing


@pytest.fixture
async def tiny() -> AsyncIterator[Tiny]:
    """A service that serves three requests at a time."""
    GO.clear()
    ARRIVED.clear()
    async with serve_tiny(router, max_in_flight=MOST) as service:
        yield service
        GO.set()


async def fill(tiny: Tiny) -> list[asyncio.Task[httpx.Response]]:
    """Let as many requests be served as may."""

    async def is_full() -> bool:
        return len(ARRIVED) == MOST

    calls = [asyncio.create_task(tiny.client.post(THINGS, json={"name": str(number)})) for number in range(MOST)]
    assert await eventually(is_full)
    return calls


async def test_one_too_many_is_turned_away_unread(tiny: Tiny) -> None:
    """A request beyond the cap is answered before its body has come, and told to come back in a second."""
    served = await fill(tiny)
    reader, writer = await asyncio.open_connection(tiny.client.base_url.host, tiny.client.base_url.port)

    with closing(writer):
        writer.write(f"POST {THINGS} HTTP/1.1\r\nhost: tiny\r\ncontent-length: 100\r\n\r\n".encode())
        answer = read_answer(await read_message(reader))
    GO.set()

    assert (answer.status, answer.code) == (503, "overloaded")
    assert ("retry-after", "1") in answer.headers
    assert [response.status_code for response in await asyncio.gather(*served)] == [200] * MOST


@pytest.mark.parametrize("probe", ["/livez", "/readyz", "/health", "/metrics"])
async def test_probes_are_answered_under_load(tiny: Tiny, probe: str) -> None:
    """A service that is full is neither dead nor unready."""
    served = await fill(tiny)

    answer = await tiny.client.get(probe)
    GO.set()
    await asyncio.gather(*served)

    assert answer.status_code == 200


async def test_what_has_ended_makes_room(tiny: Tiny) -> None:
    """Requests that were answered, refused or abandoned by their callers do not count any more."""
    for _ in range(5):
        served = await fill(tiny)
        for call in served:
            call.cancel()
        await asyncio.gather(*served, return_exceptions=True)
        assert (await tiny.client.post(THINGS, json={"name": "x"})).status_code == 503
        GO.set()
        await wait_for_room(tiny)
        GO.clear()
        ARRIVED.clear()


async def wait_for_room(tiny: Tiny) -> None:
    """Wait until a request is served again."""

    async def is_served() -> bool:
        return (await tiny.client.post(THINGS, json={"name": "x"})).status_code == 200

    assert await eventually(is_served)


async def test_refused_requests_make_room(tiny: Tiny) -> None:
    """Far more refused requests than there are places leave every place free."""
    for _ in range(MOST * 5):
        assert (await tiny.client.post(THINGS, json={"size": 1})).status_code == 422
        assert (await tiny.client.post(THINGS, content=b"x" * 2000)).status_code == 413

    assert len(await fill(tiny)) == MOST


@pytest.mark.parametrize("framing", ["content-length: 1000", "transfer-encoding: chunked"])
async def test_bodies_have_a_cap_together(tiny: Tiny, monkeypatch: pytest.MonkeyPatch, framing: str) -> None:
    """A body that does not fit beside the others is refused before it comes, whether it says its length or not."""
    served = await fill_one(tiny)
    monkeypatch.setattr(receiver, "MOST_BODY_BYTES", 1000)
    reader, writer = await asyncio.open_connection(tiny.client.base_url.host, tiny.client.base_url.port)

    with closing(writer):
        writer.write(f"POST {THINGS} HTTP/1.1\r\nhost: tiny\r\n{framing}\r\n\r\n".encode())
        answer = read_answer(await read_message(reader))
    GO.set()

    assert (answer.status, answer.code) == (503, "overloaded")
    assert (await served).status_code == 200
    assert (await tiny.client.post(THINGS, json={"name": "x" * 900})).status_code == 200


async def fill_one(tiny: Tiny) -> asyncio.Task[httpx.Response]:
    """Let one request be served."""

    async def is_served() -> bool:
        return bool(ARRIVED)

    call = asyncio.create_task(tiny.client.post(THINGS, json={"name": "one"}))
    assert await eventually(is_served)
    return call
