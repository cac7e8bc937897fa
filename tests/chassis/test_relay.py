from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

import pytest
from structlog.testing import CapturingLogger

from chassis.core.errors import ServiceUnavailable
from chassis.core.types import new_id
from chassis.messaging import delivery_worker
from chassis.messaging.dead_letters import replay
from cli.dev.polling import eventually
from tests.chassis.exchange import Exchange, Refused
from tests.chassis.relays import count, is_listening
from tests.support.fault_proxy import Exchange as HttpExchange
from tests.support.fault_proxy import Fault, FaultProxy, cutting, losing, passing, resetting

LABELS = [str(number) for number in range(12)]


def taken(exchange: Exchange, *labels: str) -> Callable[[], Awaitable[bool]]:
    """Return whether the consumer has stored exactly these, in any order: they are of different subjects."""

    async def check() -> bool:
        return sorted(await exchange.labels()) == sorted(labels)

    return check


def after(count: int, fault: Fault) -> Fault:
    """Return a fault that spoils the first exchanges, and then passes."""
    left = [fault] * count

    async def spoil(exchange: HttpExchange) -> None:
        await (left.pop() if left else passing)(exchange)

    return spoil


async def test_an_event_of_an_idle_service_arrives_at_once(exchange: Exchange) -> None:
    """An event arrives within 200 ms, long before a poll; one of three must, since this machine may be busy."""
    async with exchange.relay():
        await exchange.announce("warm")
        assert await eventually(taken(exchange, "warm"))
        in_time = []
        for number in range(3):
            await exchange.announce(str(number))
            in_time.append(await eventually(taken(exchange, "warm", *map(str, range(number + 1))), within=0.2))

    assert any(in_time)


async def test_what_waits_at_the_start_is_delivered(exchange: Exchange) -> None:
    """A delivery worker first sends the events published before it started, and leaves none."""
    await exchange.announce("a", "b", "c")

    async with exchange.relay():
        assert await eventually(taken(exchange, "a", "b", "c"))
        assert await eventually(exchange.is_drained)


async def test_events_of_one_subject_arrive_in_their_order(exchange: Exchange) -> None:
    """Events arrive in order although one is refused for a while: only those of its subject wait for it."""
    cup = new_id()
    exchange.errors["first"] = [Refused() for _ in range(3)]
    await exchange.announce("first", "second", "third", cup=cup)
    await exchange.announce("other")

    async with exchange.relay():
        assert await eventually(taken(exchange, "other", "first", "second", "third"))
    assert await exchange.labels() == ["other", "first", "second", "third"]


@pytest.mark.parametrize("fault", [losing, cutting, resetting])
async def test_a_lost_answer_counts_nothing_twice(exchange: Exchange, fault: Fault) -> None:
    """After a lost answer the batch is sent again, and the consumer stores it once."""
    await exchange.announce(*LABELS)

    async with FaultProxy(exchange.url, after(4, fault)) as proxy, exchange.relay(proxy.address):
        assert await eventually(exchange.is_drained)

    assert sorted(await exchange.labels()) == sorted(LABELS)


async def test_a_listener_that_was_down_gets_everything_in_order(exchange: Exchange) -> None:
    """While the consumer is down the events wait, and none is given up."""
    cup = new_id()

    async with FaultProxy(exchange.url, refusing) as proxy, exchange.relay(proxy.address):
        await exchange.announce(*LABELS, cup=cup)
        assert await eventually(lambda: has_tried(exchange, 3))
        assert await exchange.labels() == []
        proxy.fault = passing
        assert await eventually(taken(exchange, *LABELS))


async def refusing(exchange: HttpExchange) -> None:
    """Break the connection without calling the service."""
    exchange.reset()


async def has_tried(exchange: Exchange, times: int) -> bool:
    """Return whether some event was tried this many times."""
    return bool(await exchange.rows("SELECT 1 FROM outbox WHERE attempts >= :times", times=times))


async def test_two_relays_handle_nothing_twice(exchange: Exchange) -> None:
    """Two workers claim different events: none is delivered twice."""
    before = count("duplicate")
    labels = [str(number) for number in range(150)]

    async with AsyncExitStack() as relays:
        for _ in range(2):
            await relays.enter_async_context(exchange.relay())
        await exchange.announce(*labels)
        assert await eventually(exchange.is_drained)

    assert sorted(await exchange.labels()) == sorted(labels)
    assert count("duplicate") == before


async def test_one_event_that_fails_every_batch_fails_alone(exchange: Exchange) -> None:
    """An event that the consumer cannot even parse delays no other, and is refused in the end."""
    await exchange.announce("a", "bad", "b", "c")
    await exchange.rows("UPDATE outbox SET message = '{\"id\": 4711}', refusals = 9 WHERE message LIKE '%\"bad\"%'")

    async with exchange.relay():
        assert await eventually(exchange.is_drained)

    assert sorted(await exchange.labels()) == ["a", "b", "c"]
    assert await exchange.rows("SELECT message FROM outbox WHERE dead_at IS NOT NULL") == [('{"id": 4711}',)]


async def test_a_listener_that_cannot_work_now_kills_no_event(exchange: Exchange) -> None:
    """A consumer's 503 is not counted as a refusal, however often it is returned."""
    exchange.errors["cup"] = [ServiceUnavailable() for _ in range(4)]
    await exchange.announce("cup")
    await exchange.rows("UPDATE outbox SET refusals = 9")

    async with exchange.relay():
        assert await eventually(taken(exchange, "cup"))


async def test_the_tenth_refusal_is_told(exchange: Exchange, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dead letter is logged as an error with the event and the reason; the next event of the subject is delivered."""
    log, cup = CapturingLogger(), new_id()
    monkeypatch.setattr(delivery_worker, "log", log)
    exchange.errors["bad"] = [Refused()]
    await exchange.announce("bad", "good", cup=cup)
    await exchange.rows("UPDATE outbox SET refusals = 9")

    async with exchange.relay():
        assert await eventually(taken(exchange, "good"))
        assert await eventually(exchange.is_drained)

    ((event_id,),) = await exchange.rows("SELECT event_id FROM outbox")
    assert [(call.method_name, call.kwargs) for call in log.calls] == [
        ("error", {"listener": "tiny", "event_id": str(event_id), "reason": "The cup is broken."})
    ]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make workers depend on notifications: by themselves they poll too late for the test."""
    monkeypatch.setattr(delivery_worker, "LOOK_S", 600.0)


async def test_a_replayed_event_arrives_at_once(exchange: Exchange, told: None) -> None:
    """A replayed event notifies the worker, like a new one."""
    await exchange.announce("cup")
    await exchange.rows("UPDATE outbox SET dead_at = now()")

    async with exchange.relay():
        async with exchange.database.transaction() as session:
            await replay(session, None)
        assert await eventually(taken(exchange, "cup"))


async def test_a_lost_connection_is_made_again(exchange: Exchange, told: None) -> None:
    """After a restart of the database the worker listens again, and polls for the events it missed."""
    async with exchange.relay():
        await exchange.announce("before")
        assert await eventually(taken(exchange, "before"))
        await exchange.rows("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'")
        await exchange.announce("meanwhile")
        assert await eventually(taken(exchange, "before", "meanwhile"))
        assert await eventually(lambda: is_listening(exchange))
        await exchange.announce("after")

        assert await eventually(taken(exchange, "before", "meanwhile", "after"))
