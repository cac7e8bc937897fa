import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from math import inf
from typing import Any, Literal, NoReturn
from uuid import UUID

import pytest
from prometheus_client import REGISTRY
from pydantic import BaseModel, TypeAdapter
from structlog.testing import CapturingLogger

from chassis.core.clock import utc_now
from chassis.core.errors import AppError, BadGateway, DatabaseUnavailable, ServiceUnavailable
from chassis.core.types import new_id
from chassis.dispatch.errors import Refusal, RemoteError
from chassis.dispatch.transport import Answer
from chassis.messaging import delivery_worker, outbox
from chassis.messaging.delivery_worker import GATHER_S, LOOK_S, DeliveryWorker
from chassis.messaging.event_batch import MOST_EVENTS, PATH, Acknowledgement
from chassis.messaging.outbox import Delivery
from cli.dev.polling import eventually
from tests.chassis.exchange import CupFilled, Exchange


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


Claim = Callable[[object, str, int], Awaitable[tuple[list[Delivery], float]]]


def replace_claim(monkeypatch: pytest.MonkeyPatch, exchange: Exchange, claim: Claim) -> None:
    """Replace what the worker of a test claims; services that run beside the test find no events meanwhile."""

    async def claim_here(database: object, listener: str, most: int) -> tuple[list[Delivery], float]:
        return await claim(database, listener, most) if database is exchange.database else ([], inf)

    monkeypatch.setattr(outbox, "claim", claim_here)


class Outage:
    """
    The outbox and consumer of a worker for some seconds, which pass only in its pauses: the outbox is never empty, the
    consumer fails.

    Attributes:
        batches: The number of events in each claim.
        pauses: Each pause, in seconds.
    """

    def __init__(self, exchange: Exchange, seconds: float, *answers: object) -> None:
        self.batches: list[int] = []
        self.pauses: list[float] = []
        self._left = seconds
        self._answers = list(answers)
        self._stopped = asyncio.Event()
        # The consumer, as the worker calls it.
        dispatcher: Any = self
        self.delivery_worker = DeliveryWorker(
            exchange.database, dispatcher, "tiny", self._stopped, wait=self._wait, chance=lambda: 1.0
        )

    async def claim(self, _database: object, _listener: str, most: int) -> tuple[list[Delivery], float]:
        """Claim as many events as allowed."""
        self.batches.append(most)
        return [Delivery(0, new_id(), "{}", utc_now()) for _ in range(most)], 0.0

    async def call(self, _call: object, body: bytes) -> object:
        """Return or raise the next scripted answer; the last one is repeated."""
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return [Acknowledgement(id=new_id(), outcome="accepted") for _ in json.loads(body)]

    async def _wait(self, event: asyncio.Event, longest_s: float) -> None:
        if longest_s > 0 and not event.is_set():
            self.pauses.append(longest_s)
            self._left -= longest_s
        if self._left <= 0:
            self._stopped.set()
        await asyncio.sleep(0)


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


UNKNOWN = "order.cup_washed"


async def rename(exchange: Exchange, label: str, event_type: str) -> None:
    """Change the type of one event."""
    await exchange.rows(
        "UPDATE outbox SET message = replace(message, 'order.cup_filled', CAST(:type AS text)) WHERE message LIKE :one",
        type=event_type,
        one=f"%{label}%",
    )


async def test_an_event_of_an_unknown_type_waits_for_the_consumer_to_be_upgraded(exchange: Exchange) -> None:
    """An unknown type is not a refusal: the event is retried seconds later, and those beside and after it arrive."""
    await exchange.announce("new", "old")
    await rename(exchange, "new", UNKNOWN)
    async with exchange.calls_as("order") as dispatcher:
        one = DeliveryWorker(exchange.database, dispatcher, "tiny", asyncio.Event())
        await one.deliver_batch()
        await exchange.announce("later")
        await one.deliver_batch()

    assert await exchange.labels() == ["old", "later"]
    ((refusals, dead_at, reason, pause_s),) = await exchange.rows(
        "SELECT refusals, dead_at, last_error, CAST(extract(epoch FROM due_at - now()) AS float8) FROM outbox"
    )
    assert (refusals, dead_at, reason) == (0, None, "Nobody here handles this type.")
    assert 1 < pause_s <= outbox.FIRST_DEFERRAL_S


async def test_a_deferred_event_arrives_once_its_type_is_known(exchange: Exchange) -> None:
    """A deferred event arrives together with the later events of its subject, in their order."""
    cup = new_id()
    await exchange.announce("new", "next", cup=cup)
    await rename(exchange, "new", UNKNOWN)
    async with exchange.relay():
        assert await eventually(lambda: is_deferred(exchange))
        assert await exchange.labels() == []
        await exchange.rows("UPDATE outbox SET message = replace(message, 'cup_washed', 'cup_filled'), due_at = now()")

        assert await eventually(exchange.is_drained)

    assert await exchange.labels() == ["new", "next"]


async def is_deferred(exchange: Exchange) -> bool:
    """Return whether some event is deferred."""
    return bool(await exchange.rows("SELECT 1 FROM outbox WHERE deferred_since IS NOT NULL"))


@pytest.mark.parametrize(
    ("answer", "is_deferral"),
    [
        ({"outcome": "refused", "reason": "Nobody here handles this type.", "code": "unknown_type"}, True),
        ({"outcome": "refused", "reason": "Nobody here handles this type."}, True),
        ({"outcome": "refused", "reason": "The cup is broken."}, False),
        ({"outcome": "refused", "reason": "The cup is broken.", "code": "broken"}, False),
        ({"outcome": "accepted"}, False),
    ],
)
def test_a_publisher_understands_consumers_of_this_release_and_the_last(
    answer: dict[str, str], *, is_deferral: bool
) -> None:
    """Acknowledgements of the last release carry no code; their reason is recognised by its words."""
    assert Acknowledgement.model_validate({"id": new_id(), **answer}).is_deferral is is_deferral


async def test_a_publisher_of_the_last_release_understands_a_deferral(exchange: Exchange) -> None:
    """The last release knows three outcomes and no code: it counts a deferral as a refusal; the other events arrive."""

    class EarlierReceipt(BaseModel):
        id: UUID
        outcome: Literal["accepted", "duplicate", "refused"]
        reason: str | None = None

    await exchange.announce("new", "old")
    await rename(exchange, "new", UNKNOWN)
    batch = [json.loads(message) for (message,) in await exchange.rows("SELECT message FROM outbox ORDER BY position")]
    async with exchange.calls_as("order") as dispatcher:
        answer = (await dispatcher.send("tiny", "POST", PATH, json=batch)).json()

    acknowledgements = TypeAdapter(list[EarlierReceipt]).validate_python(answer)
    assert [acknowledgement.outcome for acknowledgement in acknowledgements] == ["refused", "accepted"]
