import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.requests import Request

from chassis.core.errors import BadGateway, DeadlineExceeded
from chassis.dispatch import reqwest
from chassis.dispatch.dispatcher import Dispatcher
from chassis.dispatch.reqwest import ReqwestTransport
from chassis.dispatch.transport import (
    MAX_ANSWER_BYTES,
    AnswerTooLarge,
    ConnectFailed,
    ConnectionBroken,
    HttpxTransport,
    TimedOut,
    TransportError,
    address_of,
)
from chassis.sealing.access import public, service
from chassis.web.routing import service_router
from tests.chassis.tiny import serve_tiny
from tests.dispatch.wired import KEYS, dispatcher_to, written
from tests.sealing.messages import as_setting
from tests.support.fault_proxy import Exchange, Fault, FaultProxy, cutting, holding, losing, passing, resetting, saying
from tests.support.often import times

THINGS = "/api/v1/things"
router = service_router("things")


@router.get("/echo/{rest:path}", access=service("order"))
async def echo(rest: str, request: Request) -> dict[str, Any]:
    """Tell what was asked."""
    return {"path": rest, "query": list(request.query_params.multi_items())}


@router.get("/plain", access=public())
async def plain() -> dict[str, bool]:
    """Be there."""
    return {"ok": True}


@pytest.fixture(scope="module")
async def url() -> AsyncIterator[str]:
    """The address of a tiny service."""
    async with serve_tiny(router, link_key=as_setting(KEYS)) as tiny:
        yield str(tiny.client.base_url).rstrip("/")


@pytest.fixture(scope="module")
async def order(url: str) -> AsyncIterator[Dispatcher]:
    """A dispatcher of the order service, which calls it."""
    async with dispatcher_to(url) as dispatcher:
        yield dispatcher


@asynccontextmanager
async def transport_to(url: str, fault: Fault) -> AsyncIterator[tuple[ReqwestTransport, FaultProxy]]:
    """Give a transport, and the proxy on its way."""
    transport = ReqwestTransport()
    async with FaultProxy(url, fault) as proxy:
        try:
            yield transport, proxy
        finally:
            await transport.aclose()


async def get(transport: ReqwestTransport, proxy: FaultProxy, timeout: float = 5.0) -> tuple[int, bytes]:
    """Make one plain call."""
    answer = await transport.send("GET", address_of(proxy.address, f"{THINGS}/plain"), [], b"", timeout)
    return answer.status, answer.body


def streaming(piece: bytes, *, chunked: bool) -> Fault:
    """Answer without an end."""

    async def stream(exchange: Exchange) -> None:
        framing = b"transfer-encoding: chunked" if chunked else b"connection: close"
        await exchange.answer(b"HTTP/1.1 200 OK\r\n%b\r\n\r\n" % framing)
        while True:
            await exchange.answer(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)

    return stream


async def closing(exchange: Exchange) -> None:
    """End the connection without a word."""
    exchange.cut()


FAULTS: dict[str, tuple[Fault, type[TransportError]]] = {
    "held back": (holding, TimedOut),
    "begun and held back": (saying(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n1"), TimedOut),
    "reset after the request": (losing, ConnectionBroken),
    "closed after the request": (closing, ConnectionBroken),
    "cut in the middle": (cutting, ConnectionBroken),
    "reset in the middle": (resetting, ConnectionBroken),
    "no HTTP": (saying(b"SSH-2.0-OpenSSH\r\n\r\n"), ConnectionBroken),
    "two lengths": (saying(b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n12"), ConnectionBroken),
    "headers beyond all bounds": (saying(b"HTTP/1.1 200 OK\r\nx: " + b"x" * 2_000_000), ConnectionBroken),
    "too large": (saying(written(bytes(MAX_ANSWER_BYTES + 1))), AnswerTooLarge),
    "endless": (streaming(bytes(65_536), chunked=False), AnswerTooLarge),
    "endless in chunks": (streaming(bytes(65_536), chunked=True), AnswerTooLarge),
}


@pytest.mark.parametrize("name", FAULTS)
async def test_a_fault_of_the_wire_has_its_name(url: str, name: str) -> None:
    """No answer in time, a broken one and one too large are told apart; none is taken for a request not sent."""
    fault, kind = FAULTS[name]
    async with transport_to(url, fault) as (transport, proxy):
        with pytest.raises(TransportError) as failed:
            await get(transport, proxy, timeout=0.2 if kind is TimedOut else 5.0)

    assert type(failed.value) is kind
    assert proxy.seen == 1


async def test_a_request_that_found_nobody_is_known_as_not_sent(url: str) -> None:
    """Where nobody listens there is no connection."""
    async with transport_to(url, passing) as (transport, proxy):
        await proxy.__aexit__()
        with pytest.raises(ConnectFailed):
            await get(transport, proxy)


async def test_an_answer_up_to_the_cap_is_read_whole(url: str) -> None:
    """4 MiB are taken, to the byte."""
    async with transport_to(url, saying(written(bytes(MAX_ANSWER_BYTES)))) as (transport, proxy):
        _, body = await get(transport, proxy)

    assert len(body) == MAX_ANSWER_BYTES


@pytest.mark.parametrize("excess", [0, 1])
async def test_a_transport_of_httpx_has_the_same_cap(excess: int) -> None:
    """To the byte."""
    content = bytes(MAX_ANSWER_BYTES + excess)
    transport = HttpxTransport(httpx.MockTransport(lambda _request: httpx.Response(200, content=content)))

    with pytest.raises(AnswerTooLarge) if excess else nullcontext():
        answer = await transport.send("GET", address_of("http://product", "/"), [], b"", 1.0)
        assert answer.body == content


async def test_a_call_that_waits_for_a_connection_spends_its_own_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is sent with what is left; without a connection in its time it is known as not sent."""
    times = iter([100.0, 103.0, 200.0, 206.0, 300.0])
    monkeypatch.setattr(reqwest, "CONNECTIONS", 1)
    monkeypatch.setattr(reqwest, "monotonic", lambda: next(times))
    transport = ReqwestTransport()
    left = [await transport._wait_for_turn(5.0)]  # noqa: SLF001 - no server can be so slow in no time

    for _ in range(2):
        waiting = asyncio.create_task(transport._wait_for_turn(5.0))  # noqa: SLF001
        await asyncio.sleep(0)
        assert not waiting.done()
        transport._free.release()  # noqa: SLF001
        left.append(await waiting)
    with pytest.raises(ConnectFailed, match="no connection became free"):
        await transport._wait_for_turn(0.0)  # noqa: SLF001
    await transport.aclose()

    assert left == [5.0, 2.0, 0.001]


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"])
async def test_a_redirect_is_not_followed(url: str, status: str) -> None:
    """What another address says is none of our business: the redirect itself is the answer."""
    async with transport_to(url, passing) as (transport, proxy):
        proxy.fault = saying(written(b"", f"location: {proxy.address}/elsewhere\r\n", status))
        answer, _ = await get(transport, proxy)

    assert (answer, proxy.seen) == (int(status[:3]), 1)


async def test_an_encoded_answer_is_not_unpacked(url: str) -> None:
    """A bomb stays as small as it came, and is not even asked for."""
    asked: list[bytes] = []

    async def bomb(exchange: Exchange) -> None:
        asked.append(exchange.request)
        await exchange.answer(written(gzip.compress(bytes(10**8), 1), "content-encoding: gzip\r\n"))

    async with transport_to(url, bomb) as (transport, proxy):
        _, body = await get(transport, proxy)

    assert len(body) < 10**6
    assert b"accept-encoding" not in asked[0].lower()


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
async def test_proxies_of_the_environment_are_ignored(url: str, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Messages between services go where the settings say, and nowhere else."""
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setenv(name, "http://127.0.0.1:1")

    async with transport_to(url, passing) as (transport, proxy):
        assert await get(transport, proxy) == (200, b'{"ok":true}')


async def test_a_call_that_is_too_late_is_a_504(url: str) -> None:
    """A dispatcher gives up when the time of the call is over."""
    async with FaultProxy(url, holding) as proxy, dispatcher_to(proxy.address) as dispatcher:
        with pytest.raises(DeadlineExceeded):
            await dispatcher.get("tiny", f"{THINGS}/plain", sealed=False, timeout=0.15)


async def test_an_answer_that_is_too_large_is_a_502(url: str) -> None:
    """It is not asked for again: it would be as large."""
    too_large = saying(written(bytes(MAX_ANSWER_BYTES + 1)))
    async with FaultProxy(url, too_large) as proxy, dispatcher_to(proxy.address) as dispatcher:
        with pytest.raises(BadGateway):
            await dispatcher.get("tiny", f"{THINGS}/plain", sealed=False)

    assert proxy.seen == 1


TEXT = st.text(st.characters(exclude_characters="\0", codec="utf-8"))
SEGMENT = st.text(st.characters(exclude_characters="\0\n", codec="utf-8")).filter(lambda text: text not in {".", ".."})
PLACES = st.lists(
    SEGMENT | st.sampled_from(["a b", "a+b", "a%2Fb", "%", "%41", "é/ü", "a;b=c", "~", "'", "|", "\\", "*"])
)
QUERIES = st.dictionaries(
    TEXT | st.sampled_from(["a&b", "a=b", "é"]), TEXT | st.integers() | st.sampled_from(["a+b", "%"])
)


@settings(max_examples=times(30), deadline=None)
@given(segments=PLACES, query=QUERIES)
async def test_what_is_sealed_is_what_arrives(
    order: Dispatcher, segments: list[str], query: dict[str, str | int]
) -> None:
    """Whatever a path and a query are made of, they arrive as they were sealed, and mean what was meant."""
    rest = "/".join(segments)
    heard = await order.get("tiny", f"{THINGS}/echo/{rest}", query=query)

    assert heard == {"path": rest, "query": [[name, str(value)] for name, value in query.items()]}
