import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from chassis.core.errors import AppError, BadGateway, DeadlineExceeded, ServiceUnavailable
from chassis.dispatch.dispatcher import Dispatcher
from chassis.dispatch.errors import RemoteUnavailable
from chassis.sealing.envelope import Envelope
from chassis.sealing.keys import load_links
from tests.sealing.messages import as_setting
from tests.sealing.tiny_sealed import MADE, THINGS, SealedTiny, serve_sealed_tiny
from tests.support.fault_proxy import (
    Exchange,
    Fault,
    FaultProxy,
    cutting,
    holding,
    losing,
    passing,
    resetting,
    saying,
    swapping,
)

PATH = f"{THINGS}/service"
BODY = b'{"name":"cup"}'


def plain(status: str, body: bytes = BODY, headers: bytes = b"") -> bytes:
    """Write a plain answer."""
    head = f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
    return head.encode() + headers + b"\r\n" + body


MARKED = b"x-service-communication: encrypted\r\nx-key-id: k1\r\n"


def changing(change: Callable[[bytes], bytes]) -> Fault:
    """Change the answer in transit."""

    async def spoil(exchange: Exchange) -> None:
        await exchange.answer(change(await exchange.forward()))

    return spoil


def replaying() -> Fault:
    """Return the first answer to every caller."""
    first: list[bytes] = []

    async def replay(exchange: Exchange) -> None:
        answer = await exchange.forward()
        first.append(answer)
        await exchange.answer(first[0])

    return replay


async def echoing(exchange: Exchange) -> None:
    """Return the sealed request as its answer."""
    await exchange.answer(plain("200 OK", exchange.request.partition(b"\r\n\r\n")[2], MARKED))


async def unreadable(exchange: Exchange) -> None:
    """Answer with bytes that are not HTTP."""
    await exchange.answer(b"gibberish\r\n\r\n")
    exchange.cut()


def flipped(answer: bytes) -> bytes:
    """Change one character in the middle of the token."""
    position = len(answer) - 60
    return answer[:position] + (b"A" if answer[position : position + 1] != b"A" else b"B") + answer[position + 1 :]


@pytest.fixture(scope="module")
async def running() -> AsyncIterator[SealedTiny]:
    """The tiny service with sealed routes."""
    async with serve_sealed_tiny() as tiny:
        yield tiny


@pytest.fixture
def tiny(running: SealedTiny) -> SealedTiny:
    """The same, without any things stored."""
    MADE.clear()
    return running


@asynccontextmanager
async def calling_through(tiny: SealedTiny, fault: Fault) -> AsyncIterator[tuple[Dispatcher, FaultProxy]]:
    """Return a dispatcher of the order service whose connection to the tiny service has this fault."""

    async def no_wait(_seconds: float) -> None:
        await asyncio.sleep(0)

    links = load_links("order", as_setting(tiny.keys), {"tiny"})
    async with FaultProxy(tiny.url, fault) as proxy:
        dispatcher = Dispatcher({"tiny": proxy.address}, Envelope("order", links), sleep=no_wait)
        try:
            yield dispatcher, proxy
        finally:
            await dispatcher.aclose()


FAULTS: dict[str, tuple[Fault, type[AppError]]] = {
    "plaintext 200": (saying(plain("200 OK")), BadGateway),
    "plaintext 200 that says it is sealed": (saying(plain("200 OK", headers=MARKED)), BadGateway),
    "plaintext 404": (saying(plain("404 Not Found", b'{"code":"not_found"}')), BadGateway),
    "plaintext 503": (saying(plain("503 Service Unavailable", b"{}", b"retry-after: 0\r\n")), RemoteUnavailable),
    "plaintext redirect": (saying(plain("307 Moved", b"", b"location: http://127.0.0.1:1/\r\n")), BadGateway),
    "nothing sealed": (saying(plain("200 OK", b"", MARKED)), BadGateway),
    "another HTTP status": (changing(lambda answer: answer.replace(b" 200 ", b" 201 ", 1)), BadGateway),
    "an error instead of success": (changing(lambda answer: answer.replace(b" 200 ", b" 409 ", 1)), BadGateway),
    "flipped bit": (changing(flipped), BadGateway),
    "unknown key id": (changing(lambda answer: answer.replace(b"x-key-id: k1", b"x-key-id: k2")), BadGateway),
    "no key id": (changing(lambda answer: answer.replace(b"x-key-id", b"x-key-no")), BadGateway),
    "no mark": (changing(lambda answer: answer.replace(b"x-service-comm", b"x-service-comn")), BadGateway),
    "the request itself": (echoing, BadGateway),
    "no HTTP": (unreadable, BadGateway),
    "cut": (cutting, BadGateway),
    "reset": (resetting, BadGateway),
    "reset unanswered": (losing, BadGateway),
    "never answered": (holding, DeadlineExceeded),
}


@pytest.mark.parametrize("name", FAULTS)
async def test_a_spoilt_answer_is_no_answer(tiny: SealedTiny, name: str) -> None:
    """A spoilt answer is never accepted, and a write is not repeated."""
    fault, kind = FAULTS[name]

    async with calling_through(tiny, fault) as (dispatcher, proxy):
        with pytest.raises(kind) as failed:
            await dispatcher.send("tiny", "POST", PATH, json={"name": "cup"}, timeout=0.3 if fault is holding else 5)

    assert type(failed.value) is kind
    assert proxy.seen == 1
    assert len(MADE) <= 1


async def test_swapped_answers_are_refused(tiny: SealedTiny) -> None:
    """Two valid answers to two valid requests, exchanged between their callers, are both refused."""
    async with calling_through(tiny, swapping()) as (dispatcher, _):
        calls = [dispatcher.send("tiny", "POST", PATH, json={"name": name}) for name in ("cup", "jug")]
        failed = await asyncio.gather(*calls, return_exceptions=True)

    assert [type(failure) for failure in failed] == [BadGateway, BadGateway]
    assert sorted(MADE) == ["cup", "jug"]


async def test_an_old_answer_is_refused(tiny: SealedTiny) -> None:
    """An earlier answer to the same question is refused for the next one."""
    async with calling_through(tiny, replaying()) as (dispatcher, _):
        first = (await dispatcher.send("tiny", "POST", PATH, json={"name": "cup"})).json()
        with pytest.raises(BadGateway):
            await dispatcher.send("tiny", "POST", PATH, json={"name": "cup"})

    assert first == {"name": "cup"}


@pytest.mark.parametrize("fault", [cutting, resetting, saying(plain("200 OK")), changing(flipped)])
async def test_a_keyed_call_survives_a_fault(tiny: SealedTiny, fault: Fault) -> None:
    """A call with an Idempotency-Key that is spoilt once is repeated, and succeeds."""

    async def once(exchange: Exchange) -> None:
        proxy.fault = passing
        await fault(exchange)

    async with calling_through(tiny, once) as (dispatcher, proxy):
        made = (await dispatcher.send("tiny", "POST", PATH, json={"name": "cup"}, idempotency_key="key")).json()

    assert made == {"name": "cup"}
    assert proxy.seen == 2


async def test_a_duplicated_request_is_refused_and_harmless(tiny: SealedTiny) -> None:
    """A request that a proxy sends twice has one effect, and its caller gets the answer."""

    async def twice(exchange: Exchange) -> None:
        answer = await exchange.forward()
        again = await exchange.forward()
        assert b" 401 " in again
        await exchange.answer(answer)

    async with calling_through(tiny, twice) as (dispatcher, _):
        made = (await dispatcher.send("tiny", "POST", PATH, json={"name": "cup"})).json()

    assert made == {"name": "cup"}
    assert MADE == ["cup"]


async def test_nobody_listening_is_unavailable(tiny: SealedTiny) -> None:
    """A refused connection is a 503 after three attempts, also for a write."""
    async with calling_through(tiny, passing) as (dispatcher, proxy):
        await proxy.__aexit__()
        with pytest.raises(ServiceUnavailable) as failed:
            await dispatcher.send("tiny", "POST", PATH, json={"name": "cup"})

    assert "attempts: 3" in failed.value.message
    assert failed.value.headers["x-retry-exhausted"] == "1"
