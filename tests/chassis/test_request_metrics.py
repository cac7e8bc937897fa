"""How ``/metrics`` counts requests that end abnormally, over raw sockets."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import closing

import pytest
from fastapi.responses import StreamingResponse
from prometheus_client.parser import text_string_to_metric_families

from chassis.idempotency.kinds import UNREPEATABLE
from chassis.sealing.access import public
from chassis.web.routing import service_router
from cli.dev.polling import eventually
from tests.chassis.tiny import Tiny, serve_tiny

THINGS = "/api/v1/things"
router = service_router("things")


@router.get("/endless", access=public())
async def endless() -> StreamingResponse:
    """Answer for ever."""

    async def parts() -> AsyncIterator[bytes]:
        yield b"x"
        await asyncio.Event().wait()

    return StreamingResponse(parts())


@router.get("/broken", access=public())
async def broken() -> StreamingResponse:
    """Fail in the middle of an answer."""

    async def parts() -> AsyncIterator[bytes]:
        yield b"x"
        raise RuntimeError

    return StreamingResponse(parts())


@router.post("/whole", access=public(), idempotency=UNREPEATABLE)
async def whole(thing: dict[str, int]) -> dict[str, int]:
    """Return the thing."""
    return thing


@pytest.fixture(scope="module")
async def tiny() -> AsyncIterator[Tiny]:
    """A service with these routes."""
    async with serve_tiny(router, log_level="ERROR") as service:
        yield service


async def counted(tiny: Tiny, **labels: str) -> float:
    """Return how many requests are counted with these labels."""
    families = text_string_to_metric_families((await tiny.client.get("/metrics")).text)
    samples = [one for family in families for one in family.samples if one.name == "http_requests_total"]
    return sum(one.value for one in samples if labels.items() <= one.labels.items())


CUT = {
    "in the middle of the answer": (f"GET {THINGS}/endless HTTP/1.1\r\nhost: tiny\r\n\r\n", "x", "/endless", "499"),
    "in the middle of the body": (
        f"POST {THINGS}/whole HTTP/1.1\r\nhost: tiny\r\nexpect: 100-continue\r\ncontent-length: 9\r\n\r\n{{",
        "100 Continue",
        "/whole",
        "499",
    ),
    "by a failure": (f"GET {THINGS}/broken HTTP/1.1\r\nhost: tiny\r\n\r\n", "x", "/broken", "500"),
}


@pytest.mark.parametrize("name", CUT)
async def test_a_request_that_is_cut_short_counts_once(tiny: Tiny, name: str) -> None:
    """A client that disconnects counts as 499, a failure after the first byte as 500; each request counts once."""
    request, sign, route, status = CUT[name]
    route = f"{THINGS}{route}"
    before = await counted(tiny, route=route)
    reader, writer = await asyncio.open_connection(tiny.client.base_url.host, tiny.client.base_url.port)
    with closing(writer):
        writer.write(request.encode())
        await reader.readuntil(sign.encode())

    async def is_counted() -> bool:
        return await counted(tiny, route=route) > before

    assert await eventually(is_counted)
    assert await counted(tiny, route=route) == await counted(tiny, route=route, status=status) == before + 1


async def test_what_is_no_request_counts(tiny: Tiny) -> None:
    """A refused head is counted with its status and without a route."""
    before = await counted(tiny, route="-", status="431")
    reader, writer = await asyncio.open_connection(tiny.client.base_url.host, tiny.client.base_url.port)
    with closing(writer):
        writer.write(b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 200)
        await reader.readuntil(b"431")

    assert await counted(tiny, route="-", status="431") == before + 1
