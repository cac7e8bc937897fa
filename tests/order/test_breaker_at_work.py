import asyncio
from contextlib import suppress

import httpx
import pytest
from fastapi import FastAPI
from prometheus_client import REGISTRY

from chassis.application import application_of
from chassis.core import deadline
from chassis.core.errors import AppError, ServiceUnavailable
from chassis.dispatch.breaker import FEWEST_CALLS, PAUSE_S, SPREAD, CircuitOpen, State
from chassis.dispatch.dispatcher import Dispatcher
from chassis.dispatch.errors import Refusal
from chassis.dispatch.httpx_transport import HttpxTransport
from chassis.dispatch.peer import Attempt, Peer
from chassis.dispatch.transport import CALLS_AT_A_TIME, Answer, TimedOut
from cli.dev.polling import eventually
from order.main import build
from tests.dispatch.wired import dispatcher_to as dispatcher_over_wire
from tests.support.fault_proxy import Exchange, FaultProxy, passing
from tests.support.scripted_transport import OK, PATH, Step, Time, after, answers, dispatcher_to, fails, says_plainly
from tests.support.serving import serve

RETRIED_BELOW = {"x-retry-exhausted": "1"}
COUNTED: dict[str, tuple[Step, bool]] = {
    "500": (answers(500), True),
    "502": (answers(502), True),
    "503": (answers(503), True),
    "connect error": (fails(httpx.ConnectError("no")), True),
    "reset": (fails(httpx.ReadError("no")), True),
    "400": (answers(400), False),
    "404": (answers(404), False),
    "409": (answers(409), False),
    "409 in flight": (answers(409, body='{"code":"in_flight"}'), False),
    "429": (answers(429), False),
    "502 about a service behind": (answers(502, RETRIED_BELOW), False),
    "503 about a service behind": (answers(503, RETRIED_BELOW), False),
    "a late 504 about a service behind": (after(4.0, answers(504, RETRIED_BELOW)), False),
    "503 of one that is overloaded": (says_plainly(503), True),
}


@pytest.mark.parametrize("failure", COUNTED)
async def test_a_refusal_is_no_failure(failure: str) -> None:
    """
    Answers of 5xx and calls without an answer open the breaker; a 4xx and a 429 count as successes.

    So do answers about another service: the one that was called works.
    """
    step, opens = COUNTED[failure]
    dispatcher, peer = dispatcher_to(step)

    for _ in range(40):
        with pytest.raises(AppError):
            await dispatcher.send("product", "POST", PATH, json={})

    assert dispatcher.targets() == {"product": "open" if opens else "closed"}
    assert not opens or len(peer.seen) <= 20


async def test_an_open_breaker_is_told_as_unavailable() -> None:
    """A call that is not let through is a 503 with a Retry-After, and nothing is sent."""
    dispatcher, peer = dispatcher_to(answers(500))
    for _ in range(20):
        with pytest.raises(AppError):
            await dispatcher.send("product", "GET", PATH)

    with pytest.raises(ServiceUnavailable, match="it failed too often") as refused:
        await dispatcher.send("product", "GET", PATH)

    assert len(peer.seen) == 20
    assert 4 <= int(refused.value.headers["Retry-After"]) <= 6
    assert refused.value.headers["x-retry-exhausted"] == "1"


async def test_of_fifty_callers_one_probes() -> None:
    """After the pause one of fifty concurrent calls is sent; if it succeeds, the next may be."""
    arrived, answering = asyncio.Event(), asyncio.Event()

    async def hold(peer: object, request: object) -> httpx.Response:
        arrived.set()
        await answering.wait()
        return await OK(peer, request)  # type: ignore[arg-type]

    dispatcher, peer = dispatcher_to(*[answers(500)] * 20, hold)
    for _ in range(20):
        with pytest.raises(AppError):
            await dispatcher.send("product", "GET", PATH)
    peer.time.now += 6

    calls = [asyncio.create_task(dispatcher.send("product", "GET", PATH)) for _ in range(50)]
    await arrived.wait()
    refused = await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
    answering.set()
    results = await asyncio.gather(*calls, return_exceptions=True)

    assert refused
    assert len(peer.seen) == 21
    assert [result.json() for result in results if isinstance(result, Answer)] == [{"ok": True}]
    for _ in range(2):
        await dispatcher.send("product", "GET", PATH)
    assert dispatcher.targets() == {"product": "closed"}


async def test_cancelled_calls_are_no_failures() -> None:
    """Calls that their callers cancel do not count as failures."""
    held = asyncio.Event()

    async def hold(_peer: object, _request: object) -> httpx.Response:
        await held.wait()
        raise AssertionError

    dispatcher, peer = dispatcher_to(*[hold] * 1_000, OK)
    for _ in range(1_000 // CALLS_AT_A_TIME):
        calls = [asyncio.create_task(dispatcher.send("product", "GET", PATH)) for _ in range(CALLS_AT_A_TIME)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)

    assert len(peer.seen) == 1_000
    assert dispatcher.targets() == {"product": "closed"}
    assert (await dispatcher.send("product", "GET", PATH)).json() == {"ok": True}


async def test_a_call_that_ends_with_its_request_has_failed() -> None:
    """A peer that never answers opens the breaker, although the request ends at the same time as the call."""

    async def call(dispatcher: Dispatcher) -> None:
        deadline.start(0.5)
        with suppress(AppError, TimeoutError):
            async with asyncio.timeout(0.5):
                await dispatcher.send("tiny", "GET", PATH, timeout=0.5)

    async with FaultProxy("", silent) as hole, dispatcher_over_wire(hole.address) as dispatcher:
        # Tasks: each has a deadline of its own.
        await asyncio.wait([asyncio.create_task(call(dispatcher)) for _ in range(FEWEST_CALLS + 10)])

        assert hole.seen >= FEWEST_CALLS
        assert dispatcher.targets() == {"tiny": "open"}


async def silent(_exchange: Exchange) -> None:
    """Never answer."""
    await asyncio.Event().wait()


@pytest.mark.parametrize(
    ("within_s", "took_s", "state"),
    [
        (10.0, 1.9, State.CLOSED),
        (10.0, 2.0, State.OPEN),
        (10.0, 2.01, State.OPEN),
        (1.0, 0.97, State.CLOSED),
        (1.0, 0.99, State.OPEN),
    ],
)
@pytest.mark.parametrize("end", [asyncio.CancelledError(), TimedOut(), Refusal(Answer(504, {}, b""))], ids=repr)
def test_an_attempt_without_an_answer_counts_when_it_was_slow_or_its_time_is_over(
    within_s: float, took_s: float, state: State, end: BaseException
) -> None:
    """From 2 s on, or from 20 ms before its end; before that its caller gave up, or chose a shorter deadline."""
    time = Time()
    peer = Peer("cancelled", "", lambda: HttpxTransport(httpx.MockTransport(lambda _: httpx.Response(200))), time)

    attempts = [Attempt(peer, "GET", 1, within_s=within_s) for _ in range(FEWEST_CALLS)]
    for attempt in attempts:
        attempt.__enter__()
    time.now += took_s
    for attempt in attempts:
        attempt.__exit__(type(end), end, None)

    assert peer.breaker.state is state


async def test_a_probe_that_was_cancelled_at_its_deadline_opens_the_breaker_again() -> None:
    """A peer that never answers is called once in a pause, not once a request."""
    time = Time()
    peer = Peer("probed", "", lambda: HttpxTransport(httpx.MockTransport(lambda _: httpx.Response(200))), time)
    asked: list[float] = []

    for _ in range(600):
        with suppress(asyncio.CancelledError, CircuitOpen), Attempt(peer, "GET", 1, within_s=1.0):
            asked.append(time.now)
            time.now += 1.0
            raise asyncio.CancelledError
        time.now += 0.1

    assert peer.breaker.state is State.OPEN
    assert len(asked) <= FEWEST_CALLS + (time.now - 1000) / (PAUSE_S * (1 - SPREAD))


async def test_a_probe_whose_caller_gives_up_makes_room_for_another() -> None:
    """A cancelled probe does not count against the peer, and the next call may be a probe at once."""
    time = Time()
    peer = Peer("given up", "", lambda: HttpxTransport(httpx.MockTransport(lambda _: httpx.Response(200))), time)
    for _ in range(FEWEST_CALLS):
        peer.breaker.fail(peer.breaker.admit())
    time.now += PAUSE_S * (1 + SPREAD)

    with pytest.raises(asyncio.CancelledError), Attempt(peer, "GET", 1, within_s=1.0):
        raise asyncio.CancelledError

    assert peer.breaker.state is State.HALF_OPEN
    assert peer.breaker.admit()


async def test_calls_in_the_background_are_held_up_for_less_long_than_others(
    apps: dict[str, FastAPI], environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A background call pauses less, so that a recovered service is called again at once."""

    async def away(exchange: Exchange) -> None:
        exchange.reset()

    async with FaultProxy(environment["PRODUCT_SERVICE_URL"], away) as wire:
        monkeypatch.setenv("PRODUCT_SERVICE_URL", wire.address)
        order = build()
        async with serve(order):
            background = application_of(order).background
            for _ in range(FEWEST_CALLS):
                with pytest.raises(AppError):
                    await background.send("product", "POST", PATH, json={})
            assert background.targets()["product"] == "open"
            wire.fault = passing

            async def is_asked() -> bool:
                with suppress(AppError):
                    await background.send("product", "GET", "/livez", sealed=False)
                return bool(background.targets()["product"] != "open")

            # Other calls pause longer.
            assert await eventually(is_asked, within=(1 - SPREAD) * PAUSE_S)


def test_each_purpose_has_a_breaker_that_is_told_apart() -> None:
    """In the metrics, the breaker of the delivery worker does not replace that of the requests."""

    def told(purpose: str) -> float | None:
        return REGISTRY.get_sample_value("dispatch_breaker_state", {"target": "told", "purpose": purpose})

    requests, events = (
        Peer("told", "", lambda: HttpxTransport(httpx.MockTransport(lambda _: httpx.Response(200))), purpose=purpose)
        for purpose in ("requests", "events")
    )
    for _ in range(20):
        requests.breaker.fail(requests.breaker.admit())

    assert events.breaker.state is State.CLOSED
    assert (told("requests"), told("events")) == (2, 0)
