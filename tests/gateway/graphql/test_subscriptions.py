import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AsyncExitStack, ExitStack, aclosing, asynccontextmanager, closing
from itertools import count

import httpx
import pytest

from chassis.application import application_of
from chassis.web.event_stream import HEARTBEAT_S
from cli.dev.polling import eventually
from gateway.graphql import subscriptions
from gateway.graphql.answers import Result
from gateway.graphql.media_types import EVENTS, GRAPHQL
from gateway.graphql.subscriptions import (
    COMPLETE,
    MOST_OF_ONE,
    Subscribers,
    TooManySubscribers,
    TooManySubscriptions,
    next_event,
    stream_results,
)
from tests.chassis.tiny import Tiny
from tests.gateway.graphql.tiny_graphql import LONG, Subscription, serve_graphql

MANY = 20
MOST_UNREAD = 16_000_000
"""More bytes than the buffers of a connection hold, ours and those of the system."""
FOREVER = {"query": "subscription{count(to:-1)}"}
EXPIRED = Result({"errors": ["expired"]})
FIRST = Result({"data": 1})


@pytest.fixture
async def tiny() -> AsyncIterator[Tiny]:
    """A service with room for twenty subscriptions."""
    async with serve_graphql(most=MANY) as tiny:
        tiny.client.headers["Accept"] = EVENTS
        yield tiny


async def read(client: httpx.AsyncClient, query: str) -> list[tuple[str, str]]:
    """Send an operation and return the names and data of the events, until the end."""
    answer = await client.post("/graphql", json={"query": query})
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    return [
        (name.removeprefix("event: "), data.removeprefix("data: "))
        for name, data in (event.split("\n") for event in answer.text.removesuffix("\n\n").split("\n\n"))
    ]


async def test_each_result_is_an_event(tiny: Tiny) -> None:
    """The events are `next`, and `complete` when the source has ended."""
    results = [("next", f'{{"data":{{"count":{number}}},"extensions":{{"cost":1}}}}') for number in (1, 2)]

    assert await read(tiny.client, "subscription{count(to:2)}") == [*results, ("complete", "")]


async def test_a_get_subscribes_too(tiny: Tiny) -> None:
    """A browser's EventSource sends nothing but GET."""
    answer = await tiny.client.get("/graphql", params={"query": "subscription{count(to:1)}"})

    assert answer.text.endswith("event: complete\ndata: \n\n")


async def test_a_source_that_fails_ends_with_its_error(tiny: Tiny) -> None:
    """The last result has the error, with its code."""
    events = await read(tiny.client, "subscription{count(to:-2)}")

    assert [name for name, _ in events] == ["next", "next", "complete"]
    assert '"code":"internal_error"' in events[1][1]


@pytest.mark.parametrize("query", ["{me{id}}", "{unknown}", "{"])
async def test_anything_can_be_asked_for_as_events(tiny: Tiny, query: str) -> None:
    """A query is one result; a client that reads events alone sees there why a request is refused."""
    events = await read(tiny.client, query)

    assert [name for name, _ in events] == ["next", "complete"]
    assert ('"errors"' in events[0][1]) is (query != "{me{id}}")


async def test_a_subscription_needs_a_client_that_reads_events(tiny: Tiny) -> None:
    """Another one gets a 406, and nothing is started."""
    answer = await tiny.client.post("/graphql", json=FOREVER, headers={"Accept": GRAPHQL})

    assert (answer.status_code, answer.json()["code"]) == (406, "not_acceptable")


async def test_a_forged_token_is_refused(tiny: Tiny) -> None:
    """The answer is a 401, before anything is sent."""
    answer = await tiny.client.post("/graphql", json=FOREVER, headers={"Authorization": "Bearer forged"})

    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")


async def test_subscribers_that_leave_make_room(tiny: Tiny) -> None:
    """One address has at most 8; when one leaves, its source is closed, and another may come."""

    async def is_quiet() -> bool:
        return not application_of(tiny.app).receiver.in_flight

    async with _held(tiny.client, MOST_OF_ONE):
        refused = await tiny.client.post("/graphql", json=FOREVER)
        queried = await tiny.client.post("/graphql", json={"query": "{me{id}}"})
        Subscription.closed.clear()
    await asyncio.wait_for(Subscription.closed.wait(), 10)

    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_subscriptions")
    assert (refused.headers["retry-after"], queried.status_code) == ("10", 200)
    assert await eventually(is_quiet)
    assert (await tiny.client.post("/graphql", json={"query": "subscription{count(to:1)}"})).status_code == 200


async def test_the_process_has_a_limit() -> None:
    """Beyond it other people wait; a place is free again when a subscription ends."""
    subscribers = Subscribers(2)
    with subscribers.admitted("ada"):
        with subscribers.admitted("bob"), pytest.raises(TooManySubscribers), subscribers.admitted("eve"):
            pass
        with subscribers.admitted("eve"):
            pass


async def test_one_person_does_not_take_all_places() -> None:
    """The ninth subscription of one person is refused, and another person's is not."""
    subscribers = Subscribers(100)
    with ExitStack() as held:
        for _ in range(MOST_OF_ONE):
            held.enter_context(subscribers.admitted("ada"))
        held.enter_context(subscribers.admitted("bob"))
        with pytest.raises(TooManySubscriptions), subscribers.admitted("ada"):
            pass


async def test_a_stream_ends_with_its_token(monkeypatch: pytest.MonkeyPatch) -> None:
    """With each heartbeat the token is checked; the last result says that it has expired."""
    allowed = iter([True, False])

    events = [event async for event in _streaming(monkeypatch, is_allowed=lambda: next(allowed))]

    assert events == [next_event(FIRST), b": ping\n\n", next_event(EXPIRED), COMPLETE]


async def test_a_stream_ends_with_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no `complete`, so that the client subscribes again at another replica."""
    ending = iter([False, False, True])

    events = [event async for event in _streaming(monkeypatch, is_ending=lambda: next(ending))]

    assert next_event(FIRST) in events
    assert COMPLETE not in events


async def test_twenty_that_do_not_read_leave_nothing(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their sources stop when the connections are full, others are served, and all is closed when they have left."""
    monkeypatch.setattr(subscriptions, "MOST_OF_ONE", MANY)
    url, counted = tiny.client.base_url, list[int]()
    body = b'{"query": "subscription{flood}"}'
    head = f"POST /graphql HTTP/1.1\r\nhost: tiny\r\naccept: {EVENTS}\r\ncontent-type: application/json\r\n"

    async def is_full() -> bool:
        counted.append(Subscription.sent)
        return Subscription.flooding == MANY and counted[-5:] == counted[-1:] * 5

    async def is_quiet() -> bool:
        return not (Subscription.flooding or application_of(tiny.app).receiver.in_flight)

    async with AsyncExitStack() as stack:
        for _ in range(MANY):
            _, writer = await asyncio.open_connection(url.host, url.port, limit=1)
            stack.enter_context(closing(writer))
            writer.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
        assert await eventually(is_full, pause=0.1)
        queried = await tiny.client.post("/graphql", json={"query": "{me{id}}"})

    assert queried.status_code == 200
    assert Subscription.sent * LONG < MANY * MOST_UNREAD
    assert await eventually(is_quiet)


async def test_one_result_waits_for_a_slow_client() -> None:
    """The source is not asked for more than is sent, and one: memory does not grow."""
    produced = 0

    async def source() -> AsyncGenerator[Result]:
        nonlocal produced
        for produced in count(1):  # noqa: B007 - it is counted
            yield FIRST

    async with aclosing(stream_results(source(), _allowed, lambda: False, EXPIRED)) as events:  # type: ignore[type-var]
        await anext(events)
        for _ in range(100):
            await asyncio.sleep(0)

    assert produced <= 3


@asynccontextmanager
async def _held(client: httpx.AsyncClient, many: int) -> AsyncIterator[None]:
    """Hold open subscriptions for the block."""
    async with asyncio.TaskGroup() as group:
        leaving, begun = asyncio.Event(), [asyncio.Event() for _ in range(many)]

        async def hold(has_begun: asyncio.Event) -> None:
            async with client.stream("POST", "/graphql", json=FOREVER) as answer:
                chunks = answer.aiter_bytes()  # held, because it closes the answer when it is collected
                await anext(chunks)
                has_begun.set()
                await leaving.wait()

        for one in begun:
            group.create_task(hold(one))
        for one in begun:
            await one.wait()
        try:
            yield
        finally:
            leaving.set()


def _streaming(
    monkeypatch: pytest.MonkeyPatch,
    is_allowed: Callable[[], bool] = lambda: True,
    is_ending: Callable[[], bool] = lambda: False,
) -> AsyncIterator[bytes]:
    """Stream one result and then none; each look at the clock is a heartbeat later."""
    monkeypatch.setattr(subscriptions, "TICK_S", 60.0)

    async def source() -> AsyncGenerator[Result]:
        yield FIRST
        monkeypatch.setattr(subscriptions, "TICK_S", 0.01)  # from here on: the result is there first on any machine
        await asyncio.Event().wait()

    async def allowed() -> bool:
        return is_allowed()

    clock = count(step=HEARTBEAT_S).__next__
    return stream_results(source(), allowed, is_ending, EXPIRED, clock)


async def _allowed() -> bool:
    return True
