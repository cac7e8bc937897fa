import asyncio

import httpx
import pytest

from chassis.core import deadline
from chassis.core.errors import AppError, DeadlineExceeded
from chassis.dispatch.dispatcher import Dispatcher
from tests.support.scripted_transport import OK, PATH, Peer, Step, after, answers, dispatcher_to, fails

HEADER = "x-request-timeout-ms"


def sent_ms(peer: Peer) -> list[int]:
    """Return the milliseconds left that each attempt was sent with."""
    return [int(seen.request.headers[HEADER]) for seen in peer.seen]


async def call_within(dispatcher: Dispatcher, peer: Peer, serving_s: float, timeout: float | None = None) -> None:
    """Call within a request that has this many seconds left; in a task, since a deadline belongs to its task."""

    async def call() -> None:
        deadline.start(serving_s, peer.time)
        await dispatcher.send("product", "GET", PATH, timeout=timeout)

    await asyncio.create_task(call())


@pytest.mark.parametrize(
    ("timeout", "sent"), [(None, 9980), (2.0, 1980), (0.5, 480), (30.0, 29_980), (100.0, 29_980), (0.06, 40)]
)
async def test_a_call_says_how_long_it_waits(timeout: float | None, sent: int) -> None:
    """The callee receives the time left, less 20 ms for the network: 10 s by default, and at most 30 s."""
    dispatcher, peer = dispatcher_to(OK)

    await dispatcher.send("product", "GET", PATH, timeout=timeout)

    assert sent_ms(peer) == [pytest.approx(sent, abs=1)]


@pytest.mark.parametrize(("serving", "timeout", "sent"), [(1.0, None, 980), (1.0, 5.0, 980), (8.0, 2.0, 1980)])
async def test_the_request_being_served_bounds_the_call(serving: float, timeout: float | None, sent: int) -> None:
    """A call never gets more time than the request being served."""
    dispatcher, peer = dispatcher_to(OK)

    await call_within(dispatcher, peer, serving, timeout)

    assert sent_ms(peer) == [pytest.approx(sent, abs=1)]


@pytest.mark.parametrize(
    ("header", "seconds"),
    [(None, 10.0), ("1", 0.001), ("2000", 2.0), ("0100", 0.1), ("999999999", 999_999.999), ("1" * 5000, 111_111.111)],
)
def test_the_header_is_read_as_milliseconds(header: str | None, seconds: float) -> None:
    """Without the header a request has 10 s; of more digits than any deadline has, the first nine count."""
    assert deadline.seconds_from_header(header) == seconds


@pytest.mark.parametrize("header", ["", "0", "000", "-1", "+1", "1.5", "1 ", "1e3", "soon", "²", "٣"])
def test_another_header_is_refused(header: str) -> None:
    """Only whole milliseconds above 0, in ASCII digits, are a deadline."""
    with pytest.raises(ValueError, match="whole number of milliseconds"):
        deadline.seconds_from_header(header)


@pytest.mark.parametrize("left", [0.049, 0.001, 0.0, -1.0])
async def test_no_call_begins_without_time(left: float) -> None:
    """With under 50 ms left nothing is sent, and the call is a 504."""
    dispatcher, peer = dispatcher_to(OK)

    with pytest.raises(DeadlineExceeded):
        await call_within(dispatcher, peer, left)

    assert peer.seen == []


async def test_each_attempt_is_told_what_is_left_then() -> None:
    """Attempts and waits use up the time of the call, and each attempt is sent with what is left."""
    dispatcher, peer = dispatcher_to(after(1.0, answers(503, {"retry-after": "2"})), after(0.5, answers(503)), OK)

    await dispatcher.send("product", "GET", PATH, timeout=10)

    wait = peer.time.sleeps[1] * 1000
    assert sent_ms(peer) == [pytest.approx(9980, abs=1), pytest.approx(6980, abs=1), pytest.approx(6480 - wait, abs=1)]


@pytest.mark.parametrize("step", [answers(503), fails(httpx.ConnectError("no"))])
@pytest.mark.parametrize("took_s", [0.4, 0.95, 1.0, 5.0])
async def test_nothing_begins_after_the_deadline(step: Step, took_s: float) -> None:
    """When the time is up no attempt and no wait begins, however long attempts take."""
    dispatcher, peer = dispatcher_to(after(took_s, step))
    begun = peer.time.now

    with pytest.raises(AppError):
        await dispatcher.send("product", "GET", PATH, timeout=1.0)

    assert all(seen.at <= begun + 1.0 - deadline.LEAST_S for seen in peer.seen)
    assert sum(peer.time.sleeps) < 1.0
