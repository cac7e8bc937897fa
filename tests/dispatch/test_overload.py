import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing

import httpx
import pytest

from chassis.core.types import Body
from chassis.idempotency.kinds import UNREPEATABLE
from chassis.sealing import body as bodies
from chassis.sealing.access import public
from chassis.web.routing import service_router
from cli.dev.polling import eventually
from tests.chassis.tiny import Tiny, serve_tiny
from tests.sealing.messages import read_answer
from tests.support.fault_proxy import read_message

THINGS = "/api/v1/things"
MOST = 3
GO = asyncio.Event()
ARRIVED: list[str] = []
router = service_router("things")


class Thing(Body):
    """A thing."""

    name: str


@router.post("", access=public(), idempotency=UNREPEATABLE)
async def create(thing: Thing) -> Thing:
    """Wait for the test."""
    ARRIVED.append(thing.name)
    await GO.wait()
    return thing


@pytest.fixture
async def tiny() -> AsyncIterator[Tiny]:
    """A service that serves three requests at once."""
    GO.clear()
    ARRIVED.clear()
    async with serve_tiny(router, max_in_flight=MOST) as service:
        yield service
        GO.set()


async def fill(tiny: Tiny) -> list[asyncio.Task[httpx.Response]]:
    """Send as many requests as may be served at once."""

    async def is_full() -> bool:
        return len(ARRIVED) == MOST

    calls = [asyncio.create_task(tiny.client.post(THINGS, json={"name": str(number)})) for number in range(MOST)]
    assert await eventually(is_full)
    return calls


async def test_one_too_many_is_turned_away_unread(tiny: Tiny) -> None:
    """A request beyond the cap is refused before its body is read, with a Retry-After of one second."""
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
    """A service that is full stays alive and ready."""
    served = await fill(tiny)

    answer = await tiny.client.get(probe)
    GO.set()
    await asyncio.gather(*served)

    assert answer.status_code == 200


async def test_what_has_ended_makes_room(tiny: Tiny) -> None:
    """Requests that were answered, refused or abandoned by their callers no longer count."""
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
    """Many more refused requests than there are places leave every place free."""
    for _ in range(MOST * 5):
        assert (await tiny.client.post(THINGS, json={"size": 1})).status_code == 422
        assert (await tiny.client.post(THINGS, content=b"x" * 2000)).status_code == 413

    assert len(await fill(tiny)) == MOST


FRAMINGS = {"content-length": b"content-length: 900\r\n\r\n", "chunks": b"transfer-encoding: chunked\r\n\r\n"}


@asynccontextmanager
async def sending(tiny: Tiny, framing: str, part: bytes) -> AsyncIterator[asyncio.StreamReader]:
    """Send a part of a body, and not the rest."""
    reader, writer = await asyncio.open_connection(tiny.client.base_url.host, tiny.client.base_url.port)
    head = f"POST {THINGS} HTTP/1.1\r\nhost: tiny\r\n".encode() + FRAMINGS[framing]
    with closing(writer):
        writer.write(head + (chunk(part) if framing == "chunks" else part))
        await writer.drain()
        yield reader


def chunk(part: bytes) -> bytes:
    """Frame a part of a body."""
    return b"%x\r\n%b\r\n" % (len(part), part)


@pytest.mark.parametrize("framing", FRAMINGS)
async def test_bodies_that_do_not_come_keep_nobody_out(tiny: Tiny, framing: str) -> None:
    """Many requests whose bodies do not arrive, more than fit by declared size, do not keep others out."""
    GO.set()
    async with AsyncExitStack() as stack:
        for _ in range(MOST * 10):
            await stack.enter_async_context(sending(tiny, framing, b"x"))

        assert (await tiny.client.post(THINGS, json={"name": "x"})).status_code == 200


@pytest.mark.parametrize("framing", FRAMINGS)
async def test_the_body_that_has_taken_longest_makes_room(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch, framing: str
) -> None:
    """Bodies are counted as they arrive; with no room left the oldest incomplete one is a 503, and no other."""
    GO.set()
    monkeypatch.setattr(bodies, "MOST_BODY_BYTES", 2000)
    async with sending(tiny, framing, b"x" * 800) as oldest, sending(tiny, framing, b"x" * 800) as other:
        assert (await tiny.client.post(THINGS, json={"name": "x" * 700})).status_code == 200
        answer = read_answer(await asyncio.wait_for(read_message(oldest), 10))
        assert other._buffer == b""  # type: ignore[attr-defined]  # noqa: SLF001 - nothing has come

    assert (answer.status, answer.code) == (503, "overloaded")


async def test_bodies_being_served_have_a_cap_together(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    """A body that does not fit beside complete ones is refused, and accepted once those are answered."""
    served = await fill_one(tiny)
    monkeypatch.setattr(bodies, "MOST_BODY_BYTES", 920)
    refused = await tiny.client.post(THINGS, json={"name": "x" * 900})
    GO.set()

    assert (refused.status_code, refused.json()["code"]) == (503, "overloaded")
    assert (await served).status_code == 200
    assert (await tiny.client.post(THINGS, json={"name": "x" * 900})).status_code == 200


async def fill_one(tiny: Tiny) -> asyncio.Task[httpx.Response]:
    """Send one request that is served."""

    async def is_served() -> bool:
        return bool(ARRIVED)

    call = asyncio.create_task(tiny.client.post(THINGS, json={"name": "one"}))
    assert await eventually(is_served)
    return call
