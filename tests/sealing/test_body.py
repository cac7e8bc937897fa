"""Bodies as they are received, without a server."""

import asyncio
import gzip
import zlib

import pytest
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive

from chassis.core import deadline
from chassis.core.errors import BadRequest, PayloadTooLarge, RequestTimeout
from chassis.sealing import body as bodies
from chassis.sealing.body import BodyBudget, Charge, Overloaded, has_body, read_body, refuse_nul, replaying, unpack

CAP = 10
FORM = b"application/x-www-form-urlencoded"


def arriving(*parts: bytes) -> Receive:
    """Receive a body in these parts; nothing may be received after the last one."""
    messages: list[Message] = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
    del messages[-1]["more_body"]

    async def receive() -> Message:
        return messages.pop(0)

    return receive


class Sticking:
    """Receives one part of a body, and then hangs."""

    def __init__(self, part: bytes) -> None:
        self.stuck = asyncio.Event()
        self._parts = [part]

    async def __call__(self) -> Message:
        """Receive the part, or wait."""
        if not self._parts:
            self.stuck.set()
            await asyncio.Event().wait()
        return {"type": "http.request", "body": self._parts.pop(), "more_body": True}


@pytest.fixture
def budget() -> BodyBudget:
    """The memory for the bodies of a worker."""
    return BodyBudget()


@pytest.mark.parametrize(
    ("headers", "comes"),
    [
        ({}, False),
        ({b"transfer-encoding": b"chunked"}, True),
        ({b"content-length": b"0"}, False),
        ({b"content-length": b"1"}, True),
        ({b"content-length": b"10"}, True),
    ],
)
def test_a_body_comes_if_its_framing_says_so(headers: dict[bytes, bytes], *, comes: bool) -> None:
    """A body is read if it has a length of at most the cap, or comes in chunks."""
    assert has_body(headers, CAP) is comes


@pytest.mark.parametrize("length", [b"11", b"9" * 18, b"ten", b"-1", b""])
def test_a_length_that_is_not_taken_is_refused(length: bytes) -> None:
    """A length over the cap, or a malformed one, is refused."""
    with pytest.raises(PayloadTooLarge):
        has_body({b"content-length": length}, CAP)


async def test_a_body_is_held_until_it_is_released(budget: BodyBudget) -> None:
    """A body up to the cap counts until it is released; a second release has no effect."""
    charge = Charge(budget)

    assert await read_body(arriving(b"12345", b"67890"), CAP, charge) == b"1234567890"
    assert (budget.held, budget.arriving) == (10, {})
    charge.release()
    charge.release()
    assert budget.held == 0


async def test_a_byte_over_the_cap_is_refused(budget: BodyBudget) -> None:
    """One byte over the cap is refused, whatever the declared length, and before the rest has arrived."""
    with pytest.raises(PayloadTooLarge):
        await read_body(arriving(b"12345", b"678901", b"and more"), CAP, Charge(budget))

    assert (budget.held, budget.arriving) == (11, {})


async def test_a_client_that_leaves_has_sent_no_body(budget: BodyBudget) -> None:
    """An incomplete body is not mistaken for a complete one."""

    async def leave() -> Message:
        return {"type": "http.disconnect"}

    with pytest.raises(ClientDisconnect):
        await read_body(leave, CAP, Charge(budget))

    assert budget.arriving == {}


async def test_a_body_that_does_not_come_is_a_408(budget: BodyBudget, monkeypatch: pytest.MonkeyPatch) -> None:
    """A body has the time limit of a request, and is a 408 after it."""
    monkeypatch.setattr(deadline, "DEFAULT_S", 0)

    with pytest.raises(RequestTimeout):
        await read_body(Sticking(b"half"), CAP, Charge(budget))

    assert budget.arriving == {}


async def test_the_oldest_that_still_arrives_makes_room(budget: BodyBudget, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bodies may fill the memory to the byte; with one more byte the oldest incomplete one is refused."""
    monkeypatch.setattr(bodies, "MOST_BODY_BYTES", CAP)
    slow, late = Sticking(b"123"), Sticking(b"456")
    oldest = asyncio.create_task(read_body(slow, CAP, Charge(budget)))
    await slow.stuck.wait()
    other = asyncio.create_task(read_body(late, CAP, Charge(budget)))
    await late.stuck.wait()
    whole = await read_body(arriving(b"7890"), CAP, Charge(budget))
    held, is_cut = budget.held, oldest.done()

    one_more = await read_body(arriving(b"1"), CAP, Charge(budget))
    is_arriving = len(budget.arriving)
    with pytest.raises(Overloaded) as overloaded:
        await asyncio.wait_for(oldest, 10)

    assert (whole, held, is_cut) == (b"7890", CAP, False)
    assert (one_more, budget.held, is_arriving, other.done()) == (b"1", 8, 1, False)
    assert overloaded.value.headers == {"Retry-After": "1"}
    other.cancel()


async def test_a_body_that_does_not_fit_beside_whole_ones_is_refused(
    budget: BodyBudget, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The refused body no longer counts; the bodies being served still do."""
    monkeypatch.setattr(bodies, "MOST_BODY_BYTES", CAP)
    await read_body(arriving(b"12345"), CAP, Charge(budget))

    with pytest.raises(Overloaded):
        await read_body(arriving(b"123456"), CAP, Charge(budget))

    assert (budget.held, budget.arriving) == (5, {})


def test_what_is_made_of_a_body_is_charged_too(budget: BodyBudget, monkeypatch: pytest.MonkeyPatch) -> None:
    """If no body is still arriving, none can be refused to make room."""
    monkeypatch.setattr(bodies, "MOST_BODY_BYTES", CAP)
    Charge(budget).add(CAP)

    with pytest.raises(Overloaded):
        Charge(budget).add(1)


def test_a_packed_body_is_unpacked_up_to_the_cap() -> None:
    """A compressed body may unpack to the cap, and not to a byte more."""
    assert unpack(gzip.compress(b"x" * CAP), CAP) == b"x" * CAP
    with pytest.raises(PayloadTooLarge):
        unpack(gzip.compress(b"x" * (CAP + 1)), CAP)


@pytest.mark.parametrize(
    "body",
    [
        b"nonsense",
        b"",
        zlib.compress(b"x"),
        gzip.compress(b"x")[:-1],
        gzip.compress(b"x") + b"y",
        gzip.compress(b"") * 2,
    ],
    ids=["nonsense", "nothing", "zlib", "cut", "more", "two pieces"],
)
def test_what_is_not_one_piece_of_gzip_is_refused(body: bytes) -> None:
    """Another format, a truncated stream and trailing bytes are refused."""
    with pytest.raises(BadRequest, match="gzip"):
        unpack(body, CAP)


@pytest.mark.parametrize(
    ("body", "content_type", "is_refused"),
    [
        (b"a\0b", b"text/plain", True),
        (b"a=%00", FORM, True),
        (b"a=%00", FORM + b"; charset=utf-8", True),
        (b"a=%00", b"text/plain", False),
        (b"a=b", FORM, False),
    ],
)
def test_a_nul_is_refused_where_it_would_be_one(body: bytes, content_type: bytes, *, is_refused: bool) -> None:
    """A NUL byte in a body is refused, and an escaped one in a form."""
    try:
        refuse_nul(body, content_type)
    except BadRequest:
        assert is_refused
    else:
        assert not is_refused


async def test_a_body_that_was_read_is_received_once() -> None:
    """After the body the application receives the server's messages."""
    receive = replaying(b"body", arriving(b"later"))

    assert await receive() == {"type": "http.request", "body": b"body", "more_body": False}
    assert await receive() == {"type": "http.request", "body": b"later"}
