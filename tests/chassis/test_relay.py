import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any, ClassVar, NoReturn

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text
from structlog.testing import CapturingLogger

from chassis.core.errors import DatabaseUnavailable, ServiceUnavailable
from chassis.core.types import new_id
from chassis.dispatch.dispatcher import Dispatcher
from chassis.messaging import delivery_worker, event_batch
from chassis.messaging import metrics as outbox_metrics
from chassis.messaging import relay as relaying
from chassis.messaging.dead_letters import replay
from chassis.messaging.relay import Relay
from chassis.settings import InvalidSettings
from cli.dev.polling import eventually
from tests.chassis.exchange import CupFilled, Exchange, Refused, Settings
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


def count(outcome: str) -> float:
    """Return how many deliveries had this outcome."""
    return REGISTRY.get_sample_value("outbox_deliveries_total", {"listener": "tiny", "outcome": outcome}) or 0.0


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


async def is_listening(exchange: Exchange) -> bool:
    """Return whether a worker holds its listening connection."""
    listeners = "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()"
    return bool(await exchange.rows(listeners))


async def test_a_batch_under_way_arrives_before_the_end(exchange: Exchange) -> None:
    """A worker that is stopped waits for the answer to its batch, so that no other must wait for the lease."""
    sent, may_pass = asyncio.Event(), asyncio.Event()

    async def hold(http: HttpExchange) -> None:
        sent.set()
        await may_pass.wait()
        await passing(http)

    async with FaultProxy(exchange.url, hold) as proxy:
        async with exchange.relay(proxy.address):
            await exchange.announce("cup")
            await sent.wait()
            asyncio.get_running_loop().call_later(0.1, may_pass.set)

        assert await exchange.is_drained()
        assert await exchange.labels() == ["cup"]


class Idle:
    """A worker that finds no events, and waits until it is woken."""

    def __init__(self, _database: object, _dispatcher: object, _listener: str, stopped: asyncio.Event) -> None:
        self._stopped = stopped
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Wake it."""
        self._woken.set()

    async def serve(self) -> None:
        """Wait until stopped."""
        while not self._stopped.is_set():
            self._woken.clear()
            await self._woken.wait()


async def test_a_relay_that_is_idle_ends_at_once(exchange: Exchange, monkeypatch: pytest.MonkeyPatch) -> None:
    """An idle worker stops without waiting for a call's timeout or being cancelled; its connections are closed."""
    closed: list[Dispatcher] = []

    class Closing(Dispatcher):
        async def aclose(self) -> None:
            await super().aclose()
            closed.append(self)

    monkeypatch.setattr(relaying, "Dispatcher", Closing)
    monkeypatch.setattr(relaying, "CALL_TIMEOUT_S", 600.0)
    monkeypatch.setattr(relaying, "DeliveryWorker", Idle)

    async with asyncio.timeout(30), exchange.relay():
        assert await eventually(lambda: is_listening(exchange), within=20)

    assert len(closed) == 1


async def test_a_call_that_does_not_end_in_time_is_cut_off(exchange: Exchange, monkeypatch: pytest.MonkeyPatch) -> None:
    """The end of a service does not wait for a consumer that hangs; its event stays."""
    sent = asyncio.Event()
    monkeypatch.setattr(relaying, "CALL_TIMEOUT_S", 0.0)
    monkeypatch.setattr(event_batch, "CALL_TIMEOUT_S", 600.0)

    async def hold(_http: HttpExchange) -> None:
        sent.set()
        await asyncio.Event().wait()

    async with FaultProxy(exchange.url, hold) as proxy, asyncio.timeout(20), exchange.relay(proxy.address):
        await exchange.announce("cup")
        await sent.wait()

    assert not await exchange.is_drained()


async def test_a_relay_of_another_process_is_not_doubled(exchange: Exchange) -> None:
    """With RELAY=false nothing is delivered, and the backlog is still measured."""
    await exchange.announce("a", "b", "c")
    await exchange.rows("UPDATE outbox SET dead_at = now() WHERE message LIKE '%\"c\"%'")
    await exchange.rows("UPDATE outbox SET created_at = created_at - interval '1 hour' WHERE message LIKE '%\"a\"%'")

    async with exchange.relay(delivers=False):
        assert await eventually(is_measured)

    assert await exchange.labels() == []


def gauge(name: str) -> float | None:
    """Return a gauge of the consumer."""
    return REGISTRY.get_sample_value(name, {"listener": "tiny"})


async def is_measured() -> bool:
    """Return whether two events wait, one of them for an hour, and one is dead."""
    waiting, oldest_s, dead = (gauge(f"outbox_{name}") or 0.0 for name in ("waiting", "oldest_seconds", "dead"))
    return (waiting, dead) == (2, 1) and oldest_s == pytest.approx(3600, abs=60)


def measured(listener: str) -> tuple[float | None, float | None]:
    """Return how many events wait for a consumer, and how many are dead."""
    waiting, dead = (
        REGISTRY.get_sample_value(f"outbox_{name}", {"listener": listener}) for name in ("waiting", "dead")
    )
    return waiting, dead


async def test_measuring_a_long_backlog_reads_little(exchange: Exchange, monkeypatch: pytest.MonkeyPatch) -> None:
    """Measuring 20,000 events, mostly another consumer's or dead, reads few rows: each worker measures often."""
    insert = (
        "INSERT INTO outbox (event_id, listener, aggregate, message, dead_at)"
        " SELECT gen_random_uuid(), '{}', 'cup', '{{}}', {} FROM generate_series(1, 5000)"
    )
    monkeypatch.setattr(outbox_metrics, "MOST_COUNTED", 100)
    for listener, dead_at in (("user", "NULL"), ("user", "now()"), ("tiny", "NULL"), ("tiny", "now()")):
        await exchange.rows(insert.format(listener, dead_at))
    await exchange.rows("ANALYZE outbox")

    async with exchange.database.transaction() as session:
        await outbox_metrics.measure(session, ["tiny", "user", "nobody"])
        read = await session.scalar(
            text("SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'outbox'")
        )

    assert [measured(listener) for listener in ("tiny", "user", "nobody")] == [(100, 100), (100, 100), (0, 0)]
    assert read < 1000


async def test_deliveries_are_counted_and_timed(exchange: Exchange) -> None:
    """Deliveries are counted by consumer and outcome, with the time each event took."""
    lag = "outbox_delivery_lag_seconds_count"
    before = count("accepted"), gauge(lag) or 0.0
    await exchange.announce("a", "b")

    async with exchange.relay():
        assert await eventually(exchange.is_drained)

    assert (count("accepted"), gauge(lag)) == (before[0] + 2, before[1] + 2)


class ForUser(CupFilled):
    """Consumed by a service that is not called."""

    consumers: ClassVar[tuple[str, ...]] = ("user",)


class Foreign(CupFilled):
    """Named after another service."""

    type: ClassVar[str] = "user.cup_filled"


@pytest.mark.parametrize(("event", "problem"), [(ForUser, "its consumer 'user'"), (Foreign, "is named 'order.…'")])
def test_a_service_that_cannot_announce_does_not_start(
    exchange: Exchange, event: type[CupFilled], problem: str
) -> None:
    """An event named after another service, or with a consumer that is not called, keeps the service from starting."""
    with pytest.raises(InvalidSettings, match=problem):
        Relay(Settings(), exchange.database, [event])


class Outage:
    """
    A database that is down, and a minute that passes during waits.

    Attributes:
        asked: The number of attempts to use it.
    """

    def __init__(self, stopped: asyncio.Event) -> None:
        self.asked = 0
        self._left = 60.0
        self._stopped = stopped

    def _fail(self, *_arguments: object) -> NoReturn:
        self.asked += 1
        raise DatabaseUnavailable

    transaction = listening = _fail

    async def wait(self, _event: asyncio.Event, longest_s: float) -> None:
        """Advance the time at once."""
        self._left -= longest_s
        if self._left <= 0:
            self._stopped.set()


@pytest.mark.parametrize(("work", "asked"), [("measure", 4), ("listen", 60)])
async def test_a_database_that_is_down_is_not_pressed(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch, work: str, asked: int
) -> None:
    """A worker tries to measure every 15 s and to listen every second; the outage is one warning."""
    log, stopped = CapturingLogger(), asyncio.Event()
    outage: Any = Outage(stopped)
    monkeypatch.setattr(relaying, "wait_for", outage.wait)
    monkeypatch.setattr(relaying, "log", log)
    relay = Relay(Settings(), outage, [CupFilled])
    delivery_worker: Any = object()

    await (relay._measure(stopped) if work == "measure" else relay._listen({"tiny": delivery_worker}, stopped))  # noqa: SLF001

    assert outage.asked == asked
    assert [call.method_name for call in log.calls] == ["warning"]
