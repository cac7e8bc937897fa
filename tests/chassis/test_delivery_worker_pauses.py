import asyncio
from collections.abc import Sequence
from math import inf
from typing import NoReturn

import pytest
from structlog.testing import CapturingLogger

from chassis.core.errors import BadGateway, DatabaseUnavailable, ServiceUnavailable
from chassis.messaging import delivery_worker
from chassis.messaging.delivery_worker import GATHER_S, LOOK_S
from chassis.messaging.event_batch import MOST_EVENTS, Acknowledgement
from chassis.messaging.outbox import Delivery
from tests.chassis.exchange import Exchange
from tests.chassis.worker_outages import Outage, replace_claim


@pytest.mark.parametrize("error", [ServiceUnavailable("down"), BadGateway("odd"), ValueError("no acknowledgements")])
async def test_a_consumer_that_is_down_is_tried_again_ever_less_often(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """A consumer that is down is called 17 times a minute: pauses double up to 5 s, batches halve down to one event."""
    monkeypatch.setattr(delivery_worker, "log", CapturingLogger())
    outage = Outage(exchange, 60.0, error)
    replace_claim(monkeypatch, exchange, outage.claim)

    await outage.delivery_worker.serve()

    assert outage.pauses[:7] == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0])
    assert set(outage.pauses[6:]) == {5.0}
    assert len(outage.batches) == 17
    assert outage.batches[:8] == [100, 50, 25, 12, 6, 3, 1, 1]


async def test_news_does_not_shorten_the_pause_after_a_failure(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A consumer that is down is not called more often, however many events are published meanwhile."""
    monkeypatch.setattr(delivery_worker, "log", CapturingLogger())
    outage = Outage(exchange, 60.0, ServiceUnavailable("down"))

    async def claim(database: object, listener: str, most: int) -> tuple[list[Delivery], float]:
        outage.delivery_worker.wake()
        return await outage.claim(database, listener, most)

    replace_claim(monkeypatch, exchange, claim)

    await outage.delivery_worker.serve()

    assert len(outage.batches) == 17


async def test_batches_grow_again_once_they_arrive(exchange: Exchange, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each success doubles the next batch up to the maximum, and the next failure counts as the first in a row."""
    sizes: list[int] = []

    async def acknowledgements(batch: Sequence[Delivery]) -> list[Acknowledgement]:
        sizes.append(len(batch))
        if len(sizes) in {1, 2, 3, 9}:
            raise ServiceUnavailable("down")
        return [Acknowledgement(id=delivery.event_id, outcome="accepted") for delivery in batch]

    monkeypatch.setattr(delivery_worker, "log", CapturingLogger())
    outage = Outage(exchange, 0.75, None)
    replace_claim(monkeypatch, exchange, outage.claim)
    monkeypatch.setattr(outage.delivery_worker, "_post", acknowledgements)

    await outage.delivery_worker.serve()

    assert sizes[:9] == [100, 50, 25, 12, 24, 48, 96, MOST_EVENTS, MOST_EVENTS]
    assert outage.pauses[:4] == pytest.approx([0.1, 0.2, 0.4, 0.1])


async def test_a_database_that_is_down_is_asked_ever_less_often(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database that is down is polled with the same pauses; an unexpected error is logged with its traceback."""
    log = CapturingLogger()
    monkeypatch.setattr(delivery_worker, "log", log)
    asked: list[Exception] = []

    async def claim(*_arguments: object) -> NoReturn:
        asked.append(DatabaseUnavailable() if len(asked) % 2 else RuntimeError())
        raise asked[-1]

    replace_claim(monkeypatch, exchange, claim)

    await Outage(exchange, 60.0).delivery_worker.serve()

    assert len(asked) == 17
    assert [call.method_name for call in log.calls[:2]] == ["error", "warning"]


@pytest.mark.parametrize(
    ("woken_at", "looks", "pauses"),
    [
        (None, 12, [GATHER_S, LOOK_S - GATHER_S] * 12),
        (1, 13, [GATHER_S] + [GATHER_S, LOOK_S - GATHER_S] * 12),
        (3, 13, [GATHER_S, LOOK_S - GATHER_S] * 2 + [GATHER_S] + [GATHER_S, LOOK_S - GATHER_S] * 10),
    ],
)
async def test_an_idle_worker_looks_every_five_seconds(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch, woken_at: int | None, looks: int, pauses: list[float]
) -> None:
    """An idle worker polls twelve times a minute; a notification during a poll causes exactly one more."""
    outage = Outage(exchange, 60.0)
    looked: list[int] = []

    async def claim(_database: object, _listener: str, most: int) -> tuple[list[Delivery], float]:
        looked.append(most)
        if len(looked) == woken_at:
            outage.delivery_worker.wake()
        return [], inf

    replace_claim(monkeypatch, exchange, claim)

    await outage.delivery_worker.serve()

    assert looked == [MOST_EVENTS] * looks
    assert outage.pauses[: len(pauses)] == pytest.approx(pauses[: len(outage.pauses)])


async def test_a_worker_waits_for_an_event_or_for_so_long() -> None:
    """The wait ends when the event is set or the time is up, whichever is first."""
    event = asyncio.Event()
    await delivery_worker.wait_for(event, 0.0)
    waiting = asyncio.create_task(delivery_worker.wait_for(event, 600.0))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not waiting.done()

    event.set()

    await asyncio.wait_for(waiting, 30.0)


@pytest.mark.parametrize(("due_s", "idle_s"), [(0.0, GATHER_S), (0.01, GATHER_S), (3.0, 3.0), (60.0, LOOK_S)])
async def test_an_idle_worker_looks_when_a_pause_ends(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch, due_s: float, idle_s: float
) -> None:
    """An idle worker polls at most ten times a second, and at least every 5 s."""

    async def claim(*_arguments: object) -> tuple[list[Delivery], float]:
        return [], due_s

    replace_claim(monkeypatch, exchange, claim)

    assert await Outage(exchange, 1.0).delivery_worker.deliver_batch() == idle_s
