"""The limits of the server itself, over raw sockets: a client library would not send such requests."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing

import pytest
from fastapi import Request

from chassis.idempotency.kinds import UNREPEATABLE
from chassis.sealing.access import public
from chassis.telemetry.metrics import CONNECTIONS_CUT
from chassis.web import http_protocol
from chassis.web.routing import service_router
from cli.dev.polling import eventually
from tests.chassis.tiny import Tiny, serve_tiny
from tests.sealing.messages import Answer, read_answer
from tests.support.fault_proxy import read_message

THINGS = "/api/v1/things"
HEAD = f"GET {THINGS} HTTP/1.1\r\nhost: tiny\r\n".encode()
ARRIVED, GO = asyncio.Event(), asyncio.Event()
router = service_router("things")


@router.get("", access=public())
async def headers(request: Request) -> list[str]:
    """Return the names of the request's headers."""
    return list(request.headers)


@router.post("", access=public(), idempotency=UNREPEATABLE)
async def wait(request: Request) -> list[str]:
    """Wait for the test, then return the names of the request's headers."""
    ARRIVED.set()
    await GO.wait()
    return list(request.headers)


@router.get("/large", access=public())
async def large() -> str:
    """Answer with more than the buffers between server and client can hold."""
    return "x" * 32 * 1024 * 1024


@pytest.fixture(scope="module")
async def tiny() -> AsyncIterator[Tiny]:
    """A service with these routes."""
    async with serve_tiny(router) as service:
        yield service


@pytest.fixture(autouse=True)
def _closed_gate() -> Iterator[None]:
    ARRIVED.clear()
    GO.clear()
    yield
    GO.set()


class Wire:
    """A connection to the service."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self._writer = writer

    async def send(self, data: bytes) -> None:
        """Send raw bytes."""
        self._writer.write(data)
        await self._writer.drain()

    async def answer(self) -> Answer:
        """Read a whole answer."""
        return read_answer(await asyncio.wait_for(read_message(self.reader), 10))

    async def is_ended(self) -> bool:
        """Wait for the end of the connection; returns whether it ended without another byte."""
        try:
            return await asyncio.wait_for(self.reader.read(), 10) == b""
        except ConnectionError:
            return True


@asynccontextmanager
async def connect(tiny: Tiny) -> AsyncIterator[Wire]:
    """Open a connection."""
    reader, writer = await asyncio.open_connection(tiny.client.base_url.host, tiny.client.base_url.port)
    with closing(writer):
        yield Wire(reader, writer)


REFUSED = {
    "a long value": (HEAD + b"a: " + b"x" * 40_000 + b"\r\n\r\n", 431, "headers_too_large"),
    "many headers": (HEAD + b"a: b\r\n" * 100 + b"\r\n", 431, "headers_too_large"),
    "large headers together": (HEAD + b"a: %b\r\n" % (b"x" * 1000) * 40 + b"\r\n", 431, "headers_too_large"),
    "a long name": (HEAD + b"a" * 40_000 + b": b\r\n\r\n", 431, "headers_too_large"),
    "endless headers": (HEAD + b"a: b\r\n" * 50_000, 431, "headers_too_large"),
    "an endless value": (HEAD + b"a: " + b"x" * 700_000, 431, "headers_too_large"),
    "endless line ends": (b"\r\n" * 50_000, 431, "headers_too_large"),
    "a long target": (b"GET /%b HTTP/1.1\r\nhost: tiny\r\n\r\n" % (b"x" * 9000), 414, "uri_too_long"),
    "an endless target": (b"GET /" + b"x" * 700_000, 414, "uri_too_long"),
    "no HTTP": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400, "bad_request"),
}


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.parametrize("is_reused", [False, True], ids=["first", "after another"])
async def test_a_head_over_a_limit_is_refused(tiny: Tiny, case: str, *, is_reused: bool) -> None:
    """A head over a limit gets a problem with an id, also on a reused connection; then the connection ends."""
    data, status, code = REFUSED[case]
    async with connect(tiny) as wire:
        if is_reused:
            await wire.send(HEAD + b"\r\n")
            assert (await wire.answer()).status == 200
        await wire.send(data)
        answer = await wire.answer()

        assert (answer.status, answer.code) == (status, code)
        assert (
            dict(answer.headers).items()
            >= {
                "content-type": "application/problem+json",
                "connection": "close",
                "x-content-type-options": "nosniff",
            }.items()
        )
        assert dict(answer.headers)["x-request-id"] in answer.body.decode()
        assert await wire.is_ended()


async def test_a_head_below_the_limits_is_served(tiny: Tiny) -> None:
    """99 headers of 300 bytes and a target of 8,000 are accepted, also byte by byte and split anywhere."""
    data = f"GET {THINGS}?{'x' * 8000} HTTP/1.1\r\nhost: tiny\r\n".encode() + b"a: %b\r\n" % (b"x" * 300) * 98 + b"\r\n"
    async with connect(tiny) as wire:
        await wire.send(data)
        assert (await wire.answer()).status == 200
        for start in range(0, len(data), 1009):
            await wire.send(data[start : start + 1009])
            await asyncio.sleep(0)
        assert (await wire.answer()).status == 200


@pytest.fixture
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_protocol, "HEAD_S", 0.1)
    monkeypatch.setattr(http_protocol, "WRITE_S", 0.1)


@pytest.mark.usefixtures("_hasty")
async def test_a_head_that_does_not_end_is_a_408(tiny: Tiny) -> None:
    """The time limit covers the whole head, even if it arrives steadily in pieces, first or later on the connection."""
    for before in (b"", HEAD + b"\r\n"):
        async with connect(tiny) as wire:
            await wire.send(before)
            if before:
                assert (await wire.answer()).status == 200
            await wire.send(HEAD)
            trickle = asyncio.create_task(send_slowly(wire))
            answer = await wire.answer()
            trickle.cancel()

        assert (answer.status, answer.code) == (408, "request_timeout")


async def send_slowly(wire: Wire) -> None:
    """Send headers without end, a piece every few milliseconds."""
    while True:
        await wire.send(b"a: b\r\n")
        await asyncio.sleep(0.01)


@pytest.mark.usefixtures("_hasty")
async def test_a_connection_without_a_request_ends(tiny: Tiny) -> None:
    """A silent connection is closed after the time limit of a head."""
    async with connect(tiny) as wire:
        assert await wire.is_ended()


@pytest.mark.usefixtures("_hasty")
async def test_a_body_that_nobody_reads_must_end(tiny: Tiny) -> None:
    """A client refused before its body arrived may send the rest, within a time limit."""
    async with connect(tiny) as wire:
        await wire.send(b"PUT /nothing HTTP/1.1\r\nhost: tiny\r\ncontent-length: 1000000\r\n\r\n")
        assert (await wire.answer()).status == 404
        await wire.send(b"x" * 1000)  # which stops the timer of an idle connection
        assert await wire.is_ended()


@pytest.mark.usefixtures("_hasty")
async def test_a_client_that_does_not_read_is_left(tiny: Tiny) -> None:
    """A client that does not read its answer is disconnected."""
    before = cut("stalled")

    async def is_left() -> bool:
        return cut("stalled") > before

    async with connect(tiny) as wire:
        await wire.send(HEAD.replace(b" HTTP", b"/large HTTP", 1) + b"\r\n")

        assert await eventually(is_left)


def cut(reason: str) -> float:
    """Return how many connections were cut for this reason."""
    value: float = CONNECTIONS_CUT.labels(reason)._value.get()  # noqa: SLF001
    return value


ENDLESS = {
    "trailers": b"0\r\n" + b"a: b\r\n" * 100_000,
    "a trailer": b"0\r\na: " + b"x" * 700_000,
    "the extension of a chunk": b"1;" + b"x" * 700_000,
}


@pytest.mark.parametrize("case", ENDLESS)
async def test_what_comes_to_nothing_ends(tiny: Tiny, case: str) -> None:
    """The bytes around a body or a chunk's size have the limit of a head; a request that is cut off gets no answer."""
    async with connect(tiny) as wire:
        await wire.send(f"POST {THINGS} HTTP/1.1\r\nhost: tiny\r\ntransfer-encoding: chunked\r\n\r\n".encode())
        try:
            await wire.send(ENDLESS[case])
        except ConnectionError:
            return
        assert await wire.is_ended()


async def test_a_trailer_is_no_header(tiny: Tiny) -> None:
    """Trailers after the body are dropped: they would pass for headers that were checked."""
    GO.set()
    async with connect(tiny) as wire:
        head = f"POST {THINGS} HTTP/1.1\r\nhost: tiny\r\ntransfer-encoding: chunked\r\n\r\n".encode()
        await wire.send(head + b"1\r\nx\r\n0\r\nauthorization: a\r\nhost: b\r\n\r\n")
        answer = await wire.answer()

    assert answer.body == b'["host","transfer-encoding"]'


async def test_requests_that_wait_have_a_limit(tiny: Tiny) -> None:
    """Eight requests may wait behind the one being served; with a ninth this connection ends, and no other."""
    post = f"POST {THINGS} HTTP/1.1\r\nhost: tiny\r\ncontent-length: 0\r\n\r\n".encode()
    async with connect(tiny) as patient, connect(tiny) as greedy:
        await patient.send(post * 9)
        await greedy.send(post * 10)
        assert await greedy.is_ended()
        GO.set()
        assert [(await patient.answer()).status for _ in range(9)] == [200] * 9


async def test_a_bad_request_does_not_stand_in_the_answer_before(tiny: Tiny) -> None:
    """While an answer is still owed, a bad request ends the connection without an answer."""
    async with connect(tiny) as wire:
        await wire.send(f"POST {THINGS} HTTP/1.1\r\nhost: tiny\r\ncontent-length: 0\r\n\r\nrubbish\r\n\r\n".encode())
        assert await wire.is_ended()


async def test_one_connection_too_many_costs_the_oldest_that_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Over the limit of connections the oldest without a whole request is closed; one being served is kept."""
    monkeypatch.setattr(http_protocol, "MOST_CONNECTIONS", 3)
    post = f"POST {THINGS} HTTP/1.1\r\nhost: tiny\r\ncontent-length: 1\r\n\r\n".encode()
    async with serve_tiny(router) as tiny, connect(tiny) as served:
        await served.send(post + b"x")
        await ARRIVED.wait()
        async with connect(tiny) as silent, connect(tiny) as half:
            await half.send(post)
            async with connect(tiny) as new:
                await new.send(HEAD + b"\r\n")
                assert (await new.answer()).status == 200
                assert await silent.is_ended()
            GO.set()
            await half.send(b"x")
            assert [(await one.answer()).status for one in (served, half)] == [200, 200]


async def test_no_answer_names_the_server(tiny: Tiny) -> None:
    """No answer names the server software, whether the application or the server itself answers."""
    async with connect(tiny) as wire:
        await wire.send(HEAD + b"\r\n")
        served = await wire.answer()
        await wire.send(b"rubbish\r\n\r\n")
        refused = await wire.answer()

    assert "server" not in dict(served.headers) | dict(refused.headers)
