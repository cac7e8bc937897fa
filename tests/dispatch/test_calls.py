"""Declared calls, as the dispatcher makes them."""

import asyncio
import traceback
from collections.abc import Mapping
from typing import Any, NoReturn
from uuid import UUID

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from chassis.core.errors import AppError, DeadlineExceeded, ServiceUnavailable
from chassis.dispatch.breaker import FEWEST_CALLS
from chassis.dispatch.call import Call
from chassis.dispatch.dispatcher import Dispatcher
from chassis.dispatch.errors import RemoteUnavailable
from chassis.dispatch.transport import ConnectFailed
from chassis.sealing.envelope import Envelope, OpenedRequest
from tests.support.scripted_transport import LINKS, Peer, after, answers, dispatcher_to, fails


class Wanted(BaseModel):
    """The body that is sent."""

    item: UUID
    quantity: int


class Taken(BaseModel):
    """The fields that the caller reads."""

    left: int


ITEM = UUID("0193b5a2-c7f0-7d5e-8a1b-3c4d5e6f7081")
WANTED = Wanted(item=ITEM, quantity=2)
TAKE = Call("product", "POST", "/items/{item}/take", sends=Wanted, returns=Taken, query=("dry",))
KEYED = Call("product", "POST", "/items", idempotency="keyed")
REPEATABLE = Call("product", "POST", "/items", idempotency="repeatable")
UNREPEATABLE = Call("product", "POST", "/items")
READ = Call("product", "GET", "/items")
LEFT = answers(200, body='{"left":3,"more":[]}')


async def test_a_typed_body_is_sent_and_a_typed_answer_returned() -> None:
    """The path's parameters are filled in; fields of the answer that are not declared are ignored."""
    dispatcher, peer = dispatcher_to(LEFT)

    taken = await dispatcher.call(TAKE, WANTED, path={"item": ITEM}, query={"dry": 1}, bearer="token")

    (seen,) = (one.request for one in peer.seen)
    assert taken == Taken(left=3)
    assert seen.body == b'{"item":"%s","quantity":2}' % str(ITEM).encode()
    assert (seen.headers["authorization"], seen.headers["content-type"]) == ("Bearer token", "application/json")


async def test_json_that_is_written_already_is_sent_as_it_is() -> None:
    """Events are stored as text, and are sent without parsing them."""
    dispatcher, peer = dispatcher_to(LEFT)

    await dispatcher.call(TAKE, b'{"quantity": 1}', path={"item": ITEM})

    assert peer.seen[0].request.body == b'{"quantity": 1}'


@pytest.mark.parametrize(
    ("call", "arguments", "problem"),
    [
        (TAKE, {"path": {"item": ITEM}}, "sends <class"),
        (READ, {"body": WANTED}, "sends None"),
        (TAKE, {"body": WANTED}, r"its parameters are \['item'\], not \[\]"),
        (TAKE, {"body": WANTED, "path": {"item": ITEM, "shelf": 1}}, r"not \['item', 'shelf'\]"),
        (TAKE, {"body": WANTED, "path": {"item": ITEM}, "query": {"wet": 1}}, r"its query may have \['dry'\]"),
        (KEYED, {}, "calls declared 'keyed' need an idempotency_key"),
        (REPEATABLE, {"idempotency_key": "key"}, "calls declared 'keyed' need an idempotency_key"),
    ],
)
async def test_what_is_not_declared_is_not_sent(call: Call[Any, Any], arguments: dict[str, Any], problem: str) -> None:
    """Body, parameters, query and key must be those that the call declares, or the call raises a TypeError."""
    dispatcher, peer = dispatcher_to(LEFT)

    with pytest.raises(TypeError, match=problem):
        await dispatcher.call(call, **arguments)

    assert peer.seen == []


@given(st.text(min_size=1).filter(lambda value: value not in {".", ".."}))
def test_a_parameter_stays_in_its_place(value: str) -> None:
    """No value of a parameter adds a path segment, a query or a fragment."""
    address = TAKE.address("http://product", {"item": value}, None)

    assert address.path.count("/") == "/items/x/take".count("/")
    assert address.url == f"http://product{address.path}"
    assert httpx.URL(address.url).path == f"/items/{value}/take"


@pytest.mark.parametrize("value", ["", ".", ".."])
def test_a_parameter_that_would_make_another_path_is_refused(value: str) -> None:
    """HTTP clients resolve dots, also as ``%2e``, and would call another route."""
    with pytest.raises(ValueError, match="cannot stand in a path"):
        TAKE.address("http://product", {"item": value}, None)


ATTEMPTS: Mapping[str, tuple[Call[None, None], str | None, int]] = {
    "safe": (READ, None, 3),
    "keyed": (KEYED, "key", 3),
    "repeatable": (REPEATABLE, None, 3),
    "unrepeatable": (UNREPEATABLE, None, 1),
}


@pytest.mark.parametrize("kind", ATTEMPTS)
async def test_a_call_that_may_have_been_sent_is_repeated_as_it_is_declared(kind: str) -> None:
    """An unrepeatable call is not retried: its effect might occur twice."""
    call, key, attempts = ATTEMPTS[kind]
    dispatcher, peer = dispatcher_to(fails(httpx.ReadTimeout("no")))

    with pytest.raises(DeadlineExceeded):
        await dispatcher.call(call, idempotency_key=key)

    assert len(peer.seen) == attempts


async def test_what_a_service_that_cannot_now_has_answered_is_kept() -> None:
    """The error has the answer's status, code and problem, by which the caller decides."""
    dispatcher, _ = dispatcher_to(answers(429, body='{"code":"too_many_attempts","detail":"Wait."}'))

    with pytest.raises(RemoteUnavailable) as failed:
        await dispatcher.call(UNREPEATABLE)

    assert (failed.value.status, failed.value.remote_status, failed.value.remote_code) == (
        503,
        429,
        "too_many_attempts",
    )
    assert failed.value.problem["detail"] == "Wait."


@pytest.mark.parametrize(
    ("slow_s", "took_s", "state"), [(0.5, 0.6, "open"), (0.7, 0.6, "closed"), (None, 1.4, "closed")]
)
async def test_how_long_a_call_may_take_is_its_own(slow_s: float | None, took_s: float, state: str) -> None:
    """A route that is slow by design does not count as slow in the breaker."""
    call = Call("product", "GET", "/items", slow_s=slow_s)
    dispatcher, _ = dispatcher_to(after(took_s, answers(200)))

    for _ in range(FEWEST_CALLS):
        await dispatcher.call(call)

    assert dispatcher.targets() == {"product": state}


@pytest.mark.parametrize(("slow_s", "state"), [(2.0, "open"), (None, "closed")])
async def test_a_late_answer_of_a_slow_route_does_not_count(slow_s: float | None, state: str) -> None:
    """Timeouts of a slow route do not open the breaker; refused connections do."""
    call = Call("product", "POST", "/items", slow_s=slow_s)
    arrived, are_late = asyncio.Semaphore(0), asyncio.Event()

    async def time_out(_peer: Peer, _request: OpenedRequest) -> httpx.Response:
        arrived.release()
        await are_late.wait()
        raise httpx.ReadTimeout("no")

    dispatcher, peer = dispatcher_to(time_out)

    calls = [asyncio.create_task(dispatcher.call(call)) for _ in range(FEWEST_CALLS)]
    for _ in calls:
        await arrived.acquire()
    peer.time.now += 3.0
    are_late.set()
    assert all(isinstance(one, AppError) for one in await asyncio.gather(*calls, return_exceptions=True))
    late = dispatcher.targets()
    peer.steps[:] = [fails(httpx.ConnectError("no"))]
    for _ in range(FEWEST_CALLS):
        with pytest.raises(AppError):
            await dispatcher.call(call)

    assert late == {"product": state}
    assert dispatcher.targets() == {"product": "open"}


async def test_only_so_many_calls_of_a_kind_are_under_way_at_once() -> None:
    """The other calls wait in their order; calls of another kind do not wait for them."""
    arrived, answering = asyncio.Semaphore(0), asyncio.Event()

    async def hold(peer: Peer, request: OpenedRequest) -> httpx.Response:
        arrived.release()
        await answering.wait()
        return await answers(200)(peer, request)

    few, many = Call("product", "GET", "/few", at_once=2), Call("product", "GET", "/many")
    dispatcher, peer = dispatcher_to(hold)

    calls = [asyncio.create_task(dispatcher.call(few)) for _ in range(5)]
    calls += [asyncio.create_task(dispatcher.call(many)) for _ in range(3)]
    for _ in range(2 + 3):
        await arrived.acquire()
    await asyncio.sleep(0)
    under_way = len(peer.seen)
    answering.set()
    await asyncio.gather(*calls)

    assert (under_way, len(peer.seen)) == (5, 8)


async def test_a_call_reads_top_to_bottom() -> None:
    """At most six frames lie between a service function and the transport."""
    names: list[str] = []

    class Recording:
        async def send(self, *_request: object) -> NoReturn:
            names.extend(frame.name for frame in traceback.extract_stack())
            raise ConnectFailed

        async def aclose(self) -> None:
            pass

    dispatcher = Dispatcher({"product": "http://product"}, Envelope("order", LINKS["order"]), Recording)

    async def reserve() -> None:
        await dispatcher.call(UNREPEATABLE)

    with pytest.raises(ServiceUnavailable):
        await reserve()

    last = len(names) - 1 - names[::-1].index("reserve")
    assert names[-1] == "send"
    assert len(names[last + 1 :]) <= 6
