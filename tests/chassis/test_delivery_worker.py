import asyncio
import json
from contextlib import suppress

import pytest
from prometheus_client import REGISTRY

from chassis.core.errors import AppError, ServiceUnavailable
from chassis.core.types import new_id
from chassis.dispatch.errors import Refusal, RemoteError
from chassis.dispatch.transport import Answer
from chassis.messaging import delivery_worker, outbox
from chassis.messaging.delivery_worker import GATHER_S, LOOK_S, DeliveryWorker
from tests.chassis.exchange import CupFilled, Exchange
from tests.chassis.worker_outages import Outage


async def test_a_full_batch_is_followed_by_the_next_and_another_by_a_pause(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full batch is followed at once by the next; after a smaller one the worker pauses, so that events gather."""
    monkeypatch.setattr(delivery_worker, "MOST_EVENTS", 2)
    await exchange.announce("a", "b", "c")
    async with exchange.calls_as("order") as dispatcher:
        one = DeliveryWorker(exchange.database, dispatcher, "tiny", asyncio.Event())

        pauses = [await one.deliver_batch() for _ in range(3)]

    assert pauses == [0.0, GATHER_S, LOOK_S]
    assert sorted(await exchange.labels()) == ["a", "b", "c"]


async def test_receipts_of_other_events_settle_nothing(exchange: Exchange, monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch acknowledged with the ids of other events is sent again: the consumer may have stored any of it."""
    await exchange.announce("a", "b")
    outage = Outage(exchange, 1.0, "other acknowledgements")

    with pytest.raises(ValueError, match="for other events"):
        await outage.delivery_worker.deliver_batch()

    rows = await exchange.rows("SELECT attempts, refusals, last_error FROM outbox")
    assert rows == [(1, 0, "The acknowledgements are for other events.")] * 2


async def test_one_failed_batch_touches_no_other(exchange: Exchange) -> None:
    """Events of another consumer, and those outside the batch, stay unchanged."""
    cup = new_id()
    await exchange.announce("first", "second", cup=cup)
    await exchange.rows(
        "INSERT INTO outbox (event_id, listener, aggregate, message)"
        " SELECT event_id, 'user', aggregate, message FROM outbox"
    )

    failed = deliveries("failed")

    with pytest.raises(AppError):
        await Outage(exchange, 1.0, ServiceUnavailable("down")).delivery_worker.deliver_batch()

    touched = await exchange.rows(
        "SELECT listener, message LIKE '%first%' FROM outbox WHERE attempts > 0 OR due_at > now() OR last_error <> ''"
    )
    assert touched == [("tiny", True)]
    assert deliveries("failed") == failed + 1


@pytest.mark.parametrize(
    ("code", "refusals"),
    [("invalid_request", 1), ("foreign_event", 1), ("unauthenticated", 0), ("not_found", 0), ("forbidden", 0)],
)
async def test_an_event_is_blamed_only_for_what_its_consumer_refuses_of_it(
    exchange: Exchange, code: str, refusals: int
) -> None:
    """A refusal of the call itself is not counted against its events; the event for another consumer is unchanged."""
    await exchange.announce("a")
    await exchange.rows(
        "INSERT INTO outbox (event_id, listener, aggregate, message)"
        " SELECT event_id, 'user', aggregate, message FROM outbox"
    )
    refusal = Refusal(Answer(422, {}, json.dumps({"code": code}).encode()))

    with suppress(RemoteError):
        await Outage(exchange, 1.0, RemoteError("tiny", refusal)).delivery_worker.deliver_batch()

    stored = await exchange.rows("SELECT listener, attempts, refusals FROM outbox ORDER BY listener")
    assert stored == [("tiny", 1, refusals), ("user", 0, 0)]


def deliveries(outcome: str) -> float:
    """Return how many deliveries had this outcome."""
    return REGISTRY.get_sample_value("outbox_deliveries_total", {"listener": "tiny", "outcome": outcome}) or 0.0


async def test_a_backlog_of_large_events_arrives_in_batches_that_the_consumer_takes(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A backlog arrives without a failed delivery or a pause between batches: a batch may be full by its bytes, too."""
    labels = [f"{number:03}" + "x" * 60_000 for number in range(9)]
    await exchange.announce(*labels)
    async with exchange.calls_as("order") as dispatcher:
        one = DeliveryWorker(exchange.database, dispatcher, "tiny", asyncio.Event())

        pauses = [await one.deliver_batch() for _ in range(5)]

    assert sorted(await exchange.labels()) == labels
    assert await exchange.is_drained()
    assert pauses == [0.0] * 4 + [GATHER_S]


async def test_the_largest_event_there_can_be_is_taken(exchange: Exchange) -> None:
    """The largest event fits into a sealed request by itself."""
    empty = len(outbox.Publish(CupFilled(subject=new_id())).values("order")["message"])
    await exchange.announce("x" * (outbox.MOST_BYTES - empty - 20))
    async with exchange.calls_as("order") as dispatcher:
        await DeliveryWorker(exchange.database, dispatcher, "tiny", asyncio.Event()).deliver_batch()

    assert await exchange.is_drained()
