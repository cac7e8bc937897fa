import asyncio
import gzip
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.requests import Request

from chassis.app import create_app
from chassis.application import application_of
from chassis.core.errors import BadGateway, DeadlineExceeded
from chassis.dispatch.dispatcher import Dispatcher
from chassis.dispatch.transport import (
    MAX_ANSWER_BYTES,
    ConnectFailed,
    ConnectionBroken,
    Slots,
    TimedOut,
    Transport,
    TransportError,
    address_of,
)
from chassis.dispatch.transports import TRANSPORTS
from chassis.sealing.access import public, service
from chassis.web.routing import service_router
from tests.chassis.tiny import TinySettings, serve_tiny
from tests.dispatch.wire_faults import FAULTS, closing
from tests.dispatch.wired import KEYS, dispatcher_to, written
from tests.sealing.messages import as_setting
from tests.support.fault_proxy import Exchange, FaultProxy, holding, losing, passing, saying
from tests.support.often import times
from tests.support.serving import NoDatabase

THINGS = "/api/v1/things"
router = service_router("things")


@router.get("/echo/{rest:path}", access=service("order"))
async def echo(rest: str, request: Request) -> dict[str, Any]:
    """Return the request."""
    return {"path": rest, "query": list(request.query_params.multi_items())}


@router.get("/plain", access=public())
async def plain() -> dict[str, bool]:
    """Return a plain answer."""
    return {"ok": True}


@pytest.fixture(scope="module")
async def url() -> AsyncIterator[str]:
    """The address of a tiny service."""
    async with serve_tiny(router, link_key=as_setting(KEYS)) as tiny:
        yield str(tiny.client.base_url).rstrip("/")


@pytest.fixture(scope="module", params=TRANSPORTS)
def make_transport(request: pytest.FixtureRequest) -> Callable[[], Transport]:
    """Makes one of the transports."""
    return TRANSPORTS[request.param]


@pytest.fixture
async def transport(make_transport: Callable[[], Transport]) -> AsyncIterator[Transport]:
    """One of the transports."""
    transport = make_transport()
    yield transport
    await transport.aclose()


@pytest.fixture(scope="module")
async def order(url: str, make_transport: Callable[[], Transport]) -> AsyncIterator[Dispatcher]:
    """A dispatcher of the order service, which calls the tiny service."""
    async with dispatcher_to(url, make_transport) as dispatcher:
        yield dispatcher


async def get(transport: Transport, proxy: FaultProxy, timeout: float = 5.0) -> tuple[int, bytes]:
    """Make one plain call."""
    answer = await transport.send("GET", address_of(proxy.address, f"{THINGS}/plain"), [], b"", timeout)
    return answer.status, answer.body


@pytest.mark.parametrize("name", FAULTS)
async def test_a_fault_of_the_wire_has_its_name(url: str, transport: Transport, name: str) -> None:
    """A timeout, a broken answer and one too large raise different errors; none counts as not sent."""
    fault, kind = FAULTS[name]
    async with FaultProxy(url, fault) as proxy:
        with pytest.raises(TransportError) as failed:
            await get(transport, proxy, timeout=0.2 if kind is TimedOut else 5.0)

    assert type(failed.value) is kind
    assert proxy.seen == 1


async def test_a_request_that_found_nobody_is_known_as_not_sent(url: str, transport: Transport) -> None:
    """A refused connection counts as not sent."""
    async with FaultProxy(url, passing) as proxy:
        pass
    with pytest.raises(ConnectFailed):
        await get(transport, proxy)


async def test_a_connection_reset_before_the_request_was_read_fails_at_once(transport: Transport) -> None:
    """The call fails as not sent or as broken: the reset may come before the client has sent anything, or after."""
    async with FaultProxy("", passing, resets_unread=True) as proxy:
        with pytest.raises((ConnectFailed, ConnectionBroken)):
            await get(transport, proxy)

    assert proxy.seen == 0


async def test_a_kept_connection_that_breaks_is_not_used_twice_for_one_request(url: str, transport: Transport) -> None:
    """The transport never resends a request that was read, even an idempotent one: the dispatcher retries."""
    async with FaultProxy(url, passing) as proxy:
        await get(transport, proxy)
        for fault in (losing, closing):
            proxy.fault = fault
            with pytest.raises(ConnectionBroken):
                await get(transport, proxy)
            proxy.fault = passing
            await get(transport, proxy)

    assert proxy.seen == 5


async def test_an_answer_up_to_the_cap_is_read_whole(url: str, transport: Transport) -> None:
    """An answer of 4 MiB is read, and not a byte more."""
    async with FaultProxy(url, saying(written(bytes(MAX_ANSWER_BYTES)))) as proxy:
        _, body = await get(transport, proxy)

    assert len(body) == MAX_ANSWER_BYTES


async def test_closing_ends_the_calls_under_way(url: str, transport: Transport) -> None:
    """Calls under way fail at once, as perhaps sent; later calls are not sent."""
    arrived = asyncio.Semaphore(0)

    async def hold(_exchange: Exchange) -> None:
        arrived.release()
        await asyncio.Event().wait()

    async with FaultProxy(url, hold) as proxy:
        calls = [asyncio.create_task(get(transport, proxy, timeout=60.0)) for _ in range(10)]
        for _ in calls:
            await arrived.acquire()
        await transport.aclose()
        async with asyncio.timeout(30.0):
            failures = await asyncio.gather(*calls, return_exceptions=True)
        with pytest.raises(TransportError):
            await get(transport, proxy)

    assert {type(failure) for failure in failures} == {ConnectionBroken}
    assert proxy.seen == 10


async def test_a_call_that_waits_for_a_slot_spends_its_own_time() -> None:
    """The call is sent with the time left; without a slot in time it counts as not sent."""
    times = iter([100.0, 103.0, 200.0, 206.0, 300.0])
    slots = Slots(1, clock=lambda: next(times))
    left = [await slots.take(5.0)]

    for _ in range(2):
        waiting = asyncio.create_task(slots.take(5.0))
        await asyncio.sleep(0)
        assert not waiting.done()
        slots.release()
        left.append(await waiting)
    with pytest.raises(ConnectFailed, match="no connection became free"):
        await slots.take(0.0)

    assert left == [5.0, 2.0, 0.001]


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"])
async def test_a_redirect_is_not_followed(url: str, transport: Transport, status: str) -> None:
    """The redirect itself is the answer; its target is not called."""
    async with FaultProxy(url, passing) as proxy:
        proxy.fault = saying(written(b"", f"location: {proxy.address}/elsewhere\r\n", status))
        answer, _ = await get(transport, proxy)

    assert (answer, proxy.seen) == (int(status[:3]), 1)


async def test_an_encoded_answer_is_not_unpacked(url: str, transport: Transport) -> None:
    """A compressed answer is not unpacked, and compression is not offered."""
    asked: list[bytes] = []

    async def bomb(exchange: Exchange) -> None:
        asked.append(exchange.request)
        await exchange.answer(written(gzip.compress(bytes(10**8), 1), "content-encoding: gzip\r\n"))

    async with FaultProxy(url, bomb) as proxy:
        _, body = await get(transport, proxy)

    assert len(body) < 10**6
    assert b"accept-encoding" not in asked[0].lower()


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
async def test_proxies_of_the_environment_are_ignored(
    url: str, make_transport: Callable[[], Transport], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Calls between services go to the configured addresses only."""
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setenv(name, "http://127.0.0.1:1")

    async with FaultProxy(url, passing) as proxy, aclosing(make_transport()) as transport:
        assert await get(transport, proxy) == (200, b'{"ok":true}')


async def test_a_call_that_is_too_late_is_a_504(url: str) -> None:
    """A dispatcher gives up at the deadline of the call."""
    async with FaultProxy(url, holding) as proxy, dispatcher_to(proxy.address) as dispatcher:
        with pytest.raises(DeadlineExceeded):
            await dispatcher.send("tiny", "GET", f"{THINGS}/plain", sealed=False, timeout=0.15)


async def test_an_answer_that_is_too_large_is_a_502(url: str) -> None:
    """The call is not retried: the answer would be as large."""
    too_large = saying(written(bytes(MAX_ANSWER_BYTES + 1)))
    async with FaultProxy(url, too_large) as proxy, dispatcher_to(proxy.address) as dispatcher:
        with pytest.raises(BadGateway):
            await dispatcher.send("tiny", "GET", f"{THINGS}/plain", sealed=False)

    assert proxy.seen == 1


class Calling(TinySettings):
    """A service that calls the tiny service."""

    service_name: ClassVar[str] = "order"
    peers: ClassVar[frozenset[str]] = frozenset({"tiny"})
    tiny_service_url: str


@pytest.mark.parametrize("name", TRANSPORTS)
async def test_a_service_calls_over_the_transport_of_its_settings(url: str, name: str) -> None:
    """Each name that DISPATCH_TRANSPORT accepts is in ``TRANSPORTS``; requests and background work both use it."""
    settings = Calling.model_validate(
        {"dispatch_transport": name, "tiny_service_url": url, "link_key": as_setting(KEYS), "log_level": "WARNING"}
    )
    its = application_of(create_app(settings, NoDatabase()))
    for dispatcher in (its.dispatcher, its.background):
        async with aclosing(dispatcher):
            made = [type(peer.transport()) for peer in dispatcher._peers.values()]  # noqa: SLF001
            assert made == [TRANSPORTS[name]]


TEXT = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=20)  # a token has 6 KiB
SEGMENT = st.text(st.characters(exclude_characters="\0\n", codec="utf-8"), max_size=30).filter(
    lambda text: text not in {".", ".."}
)
PLACES = st.lists(
    SEGMENT | st.sampled_from(["a b", "a+b", "a%2Fb", "%", "%41", "é/ü", "a;b=c", "~", "'", "|", "\\", "*"]), max_size=6
)
QUERIES = st.dictionaries(
    TEXT | st.sampled_from(["a&b", "a=b", "é"]), TEXT | st.integers() | st.sampled_from(["a+b", "%"]), max_size=3
)


@settings(max_examples=times(30), deadline=None)
@given(segments=PLACES, query=QUERIES)
async def test_what_is_sealed_is_what_arrives(
    order: Dispatcher, segments: list[str], query: dict[str, str | int]
) -> None:
    """Path and query arrive as they were sealed, whatever their characters, and keep their meaning."""
    rest = "/".join(segments)
    heard = (await order.send("tiny", "GET", f"{THINGS}/echo/{rest}", query=query)).json()

    assert heard == {"path": rest, "query": [[name, str(value)] for name, value in query.items()]}
