"""Requests that are sent on as they were received: sealed and whole, or plain and streamed."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from chassis.core.errors import DeadlineExceeded, NotFound, ServiceUnavailable
from chassis.dispatch import httpx_transport
from chassis.dispatch.breaker import FEWEST_CALLS
from chassis.dispatch.dispatcher import Dispatcher
from chassis.dispatch.forwarding import forward, stream
from chassis.dispatch.transport import ConnectionBroken, TimedOut
from chassis.idempotency.kinds import REPEATABLE
from chassis.sealing.access import public, service
from chassis.web.routing import service_router
from tests.chassis.tiny import serve_tiny
from tests.dispatch.wired import KEYS, dispatcher_to
from tests.sealing.messages import as_setting
from tests.support.fault_proxy import Exchange, FaultProxy, holding, passing, saying

THINGS = "/api/v1/things"
BUSY: list[int] = []
router = service_router("things")


@router.get("/echo/{rest:path}", access=service("order"), response_model=None)
async def echo(request: Request) -> dict[str, Any]:
    """Return what arrived."""
    return {
        "path": request.scope["raw_path"].decode(),
        "query": request.scope["query_string"].decode(),
        "if_none_match": request.headers.get("if-none-match"),
        "authorization": request.headers.get("authorization"),
    }


@router.post("/form", access=service("order"), idempotency=REPEATABLE, response_model=None)
async def form(request: Request) -> dict[str, Any]:
    """Return the body, and its type."""
    return {"type": request.headers["content-type"], "body": (await request.body()).decode()}


@router.get("/missing", access=service("order"))
async def missing() -> None:
    """Refuse."""
    raise NotFound


@router.get("/unchanged", access=service("order"), response_model=None)
async def unchanged() -> Response:
    """Answer a conditional read."""
    return Response(status_code=304, headers={"etag": '"1"'})


@router.get("/busy", access=service("order"))
async def busy() -> None:
    """Refuse for a while."""
    BUSY.append(1)
    raise ServiceUnavailable(headers={"Retry-After": "1"})


@router.get("/parts", access=public(), response_model=None)
async def parts() -> StreamingResponse:
    """Stream two parts and two cookies."""

    async def body() -> AsyncIterator[bytes]:
        yield b"first"
        yield b"second"

    answer = StreamingResponse(body(), 206, media_type="text/plain")
    for name in "ab":
        answer.set_cookie(name, "1")
    return answer


@router.get("/refused", access=public(), response_model=None)
async def refused() -> Response:
    """Refuse plainly."""
    return JSONResponse({"code": "busy"}, 503)


@pytest.fixture(scope="module")
async def url() -> AsyncIterator[str]:
    """The address of a tiny service."""
    async with serve_tiny(router, link_key=as_setting(KEYS)) as tiny:
        yield str(tiny.client.base_url).rstrip("/")


@pytest.fixture(scope="module")
async def order(url: str) -> AsyncIterator[Dispatcher]:
    """A dispatcher of the order service, which calls the tiny service."""
    async with dispatcher_to(url) as dispatcher:
        yield dispatcher


def get(order: Dispatcher, path: str, query: str = "", **headers: str) -> Any:  # noqa: ANN401 - an awaitable answer
    """Forward a GET."""
    return forward(order, "tiny", "GET", f"{THINGS}/{path}", query, headers=headers, body=b"", repeatable=True)


async def test_path_and_query_arrive_as_they_were_received(order: Dispatcher) -> None:
    """Neither escapes nor empty or repeated parameters are rewritten; the seal is bound to these bytes."""
    answer = await get(order, "echo/a%2Fb/%7E/..;x=1", "tag=a&tag=b&&empty&plus=a+b%20c")

    seen = answer.json()
    assert seen["path"] == f"{THINGS}/echo/a%2Fb/%7E/..;x=1"
    assert seen["query"] == "tag=a&tag=b&&empty&plus=a+b%20c"


async def test_headers_and_any_text_arrive_sealed(order: Dispatcher) -> None:
    """The validators of a read, a token, and a body that is no JSON."""
    read = await get(order, "echo/x", **{"if-none-match": '"1"', "authorization": "Bearer t"})
    sent = await forward(
        order,
        "tiny",
        "POST",
        f"{THINGS}/form",
        "",
        headers={"content-type": "application/x-www-form-urlencoded"},
        body="name=Zoë".encode(),
        repeatable=True,
    )

    assert read.json()["if_none_match"] == '"1"'
    assert read.json()["authorization"] == "Bearer t"
    assert sent.json() == {"type": "application/x-www-form-urlencoded", "body": "name=Zoë"}


@pytest.mark.parametrize(("path", "status"), [("missing", 404), ("unchanged", 304)])
async def test_any_status_is_an_answer(order: Dispatcher, path: str, status: int) -> None:
    """A refusal is returned with its headers and its problem document; nothing is raised."""
    answer = await get(order, path)

    assert answer.status == status
    assert answer.headers.get("etag") == ('"1"' if status == 304 else None)
    assert status == 304 or answer.json()["status"] == status


async def test_a_refusal_is_returned_at_once(order: Dispatcher) -> None:
    """A 503 is not retried here: the sender decides. It may be about a peer of the service, which works."""
    BUSY.clear()

    answers = [await get(order, "busy") for _ in range(FEWEST_CALLS)]

    assert {(answer.status, answer.headers["retry-after"]) for answer in answers} == {(503, "1")}
    assert len(BUSY) == FEWEST_CALLS
    assert order.targets() == {"tiny": "closed"}


async def test_no_answer_is_an_error(url: str) -> None:
    """A service that cannot be reached is a 503 that names it, not an answer."""
    async with FaultProxy(url, passing) as proxy:
        pass
    async with dispatcher_to(proxy.address) as dispatcher:
        with pytest.raises(ServiceUnavailable, match="tiny"):
            await get(dispatcher, "missing")
        with pytest.raises(ServiceUnavailable, match="tiny"):
            async with stream(dispatcher, "tiny", "GET", f"{THINGS}/parts", "", headers=[], body=b""):
                pass


async def test_a_query_may_have_a_parameter_several_times(order: Dispatcher) -> None:
    """Each value of a sequence is a parameter of its own."""
    answer = await order.send("tiny", "GET", f"{THINGS}/echo/x", query={"id": ["a", "b c"], "limit": 2})

    assert answer.json()["query"] == "id=a&id=b+c&limit=2"


async def test_a_streamed_answer_has_its_head_before_its_body(order: Dispatcher) -> None:
    """Status and all headers come first, cookies each by itself; then the parts."""
    async with stream(order, "tiny", "GET", f"{THINGS}/parts", "", headers=[("accept", "*/*")], body=b"") as answer:
        cookies = [value[0] for name, value in answer.headers if name == "set-cookie"]
        body = b"".join([part async for part in answer.body])

    assert (answer.status, cookies, body) == (206, ["a", "b"], b"firstsecond")


async def test_a_streamed_refusal_is_an_answer_that_is_not_repeated(url: str) -> None:
    """A 503 is passed on at once: what was streamed once may have had its effect."""
    async with (
        FaultProxy(url, passing) as proxy,
        dispatcher_to(proxy.address) as dispatcher,
        stream(dispatcher, "tiny", "GET", f"{THINGS}/refused", "", headers=[], body=b"") as answer,
    ):
        body = b"".join([part async for part in answer.body])

    assert (answer.status, body, proxy.seen) == (503, b'{"code":"busy"}', 1)


BEGUN = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n"


async def test_a_stream_that_falls_silent_or_breaks_ends_with_an_error(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A body that was cut is not taken for a whole one."""
    monkeypatch.setattr(httpx_transport, "SILENCE_S", 0.1)

    async def cut(exchange: Exchange) -> None:
        await exchange.answer(BEGUN)
        exchange.cut()

    for fault, kind in ((saying(BEGUN), TimedOut), (cut, ConnectionBroken)):
        async with (
            FaultProxy(url, fault) as proxy,
            dispatcher_to(proxy.address) as dispatcher,
            stream(dispatcher, "tiny", "GET", f"{THINGS}/parts", "", headers=[], body=b"") as answer,
        ):
            parts = aiter(answer.body)
            assert await anext(parts) == b"a"
            with pytest.raises(kind):
                await anext(parts)


async def test_a_stream_without_a_head_ends_with_the_deadline(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The request has a deadline until its answer begins."""
    monkeypatch.setattr("chassis.core.deadline.LONGEST_S", 0.2)
    async with FaultProxy(url, holding) as proxy, dispatcher_to(proxy.address) as dispatcher:
        with pytest.raises(DeadlineExceeded):
            async with stream(dispatcher, "tiny", "GET", f"{THINGS}/parts", "", headers=[], body=b""):
                pass


async def test_a_client_that_leaves_ends_the_stream_of_the_service(url: str) -> None:
    """The service notices at once that nobody reads."""
    left = asyncio.Event()

    async def endless(exchange: Exchange) -> None:
        await exchange.answer(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        try:
            while True:
                await exchange.answer(b"1\r\na\r\n")
                await asyncio.sleep(0)
        except ConnectionError:
            left.set()
            raise

    async with FaultProxy(url, endless) as proxy, dispatcher_to(proxy.address) as dispatcher:
        async with stream(dispatcher, "tiny", "GET", f"{THINGS}/parts", "", headers=[], body=b"") as answer:
            assert await anext(aiter(answer.body))
        async with asyncio.timeout(30.0):
            await left.wait()
