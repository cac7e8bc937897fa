import asyncio
from typing import Any

import pytest
from sqlalchemy import text

from chassis.core import context as request_context
from chassis.core.clock import utc_now
from chassis.core.errors import AppError, BadGateway, ServiceUnavailable
from chassis.core.types import new_id
from chassis.dispatch.errors import RemoteError
from chassis.messaging.event_batch import MOST_EVENTS, PATH
from chassis.messaging.inbox import AT_ONCE, INBOX_DAYS, inbox_router
from cli.dev.polling import eventually
from tests.chassis.exchange import Exchange, Refused
from tests.support.delivering import deliver


def event(label: str = "cup", **differently: object) -> dict[str, Any]:
    """Return an event as the order service writes it."""
    return {
        "specversion": "1.0",
        "id": str(new_id()),
        "source": "/services/order",
        "type": "order.cup_filled",
        "subject": str(new_id()),
        "time": utc_now().isoformat(),
        "data": {"label": label},
        **differently,
    }


async def deliver_as(exchange: Exchange, *events: dict[str, Any], caller: str = "order") -> list[str]:
    """Deliver a batch to the tiny service; returns the outcome of each event."""
    async with exchange.calls_as(caller) as dispatcher:
        return await deliver(dispatcher, "tiny", *events)


async def test_the_same_event_five_times_counts_once(exchange: Exchange) -> None:
    """All repetitions are duplicates, in one batch and in several."""
    cup = event()

    outcomes = [
        await deliver_as(exchange, cup, cup),
        await deliver_as(exchange, cup, cup),
        await deliver_as(exchange, cup),
    ]

    assert outcomes == [["accepted", "duplicate"], ["duplicate", "duplicate"], ["duplicate"]]
    assert await exchange.labels() == ["cup"]


async def test_the_same_event_five_times_at_once_counts_once(exchange: Exchange) -> None:
    """Repetitions that arrive while the first is handled wait for its outcome."""
    cup = event()

    async with exchange.calls_as("order") as dispatcher:
        outcomes = await asyncio.gather(*(deliver(dispatcher, "tiny", cup) for _ in range(5)))

    assert sorted(outcomes) == [["accepted"]] + [["duplicate"]] * 4
    assert await exchange.labels() == ["cup"]


async def test_the_events_of_a_subject_are_handled_in_their_order(exchange: Exchange) -> None:
    """In a batch, subjects are handled concurrently, and the events of each one after the other."""
    cups = [str(new_id()) for _ in range(2 * AT_ONCE)]
    batch = [event(f"{step}", subject=cup) for step in range(3) for cup in cups]

    outcomes = await deliver_as(exchange, *batch)

    assert outcomes == ["accepted"] * len(batch)
    taken = await exchange.taken()
    assert [[label for subject, label in taken if str(subject) == cup] for cup in cups] == [["0", "1", "2"]] * len(cups)


async def test_subjects_do_not_wait_for_each_other(exchange: Exchange) -> None:
    """While an event waits for a lock, those of other subjects in its batch are handled."""
    first, *others = [event(str(number)) for number in range(AT_ONCE)]
    remember = "INSERT INTO inbox (event_id) VALUES (CAST(:event_id AS uuid))"
    async with exchange.database.transaction() as session:
        await session.execute(text(remember), {"event_id": first["id"]})  # its delivery waits for this transaction
        delivery = asyncio.create_task(deliver_as(exchange, first, *others))

        async def are_handled() -> bool:
            return len(await exchange.labels()) == len(others)

        assert await eventually(are_handled)
        assert not delivery.done()

    assert await delivery == ["duplicate"] + ["accepted"] * len(others)


@pytest.mark.parametrize("error", [Refused(), RuntimeError()], ids=["refused", "unforeseen"])
async def test_an_event_that_cannot_be_handled_spoils_no_other(exchange: Exchange, error: Exception) -> None:
    """The changes of a failed handler are undone, the rest of the batch is stored, and the event may be sent again."""
    bad, good = event("bad"), event("good")
    exchange.errors["bad"] = [error]

    assert await deliver_as(exchange, bad, good) == ["refused", "accepted"]
    assert await exchange.labels() == ["good"]
    assert await deliver_as(exchange, bad, good) == ["accepted", "duplicate"]


async def test_an_event_is_refused_with_the_reason(exchange: Exchange) -> None:
    """A refused event becomes a dead letter of its publisher, with the reason."""
    exchange.errors["bad"] = [Refused()]

    async with exchange.calls_as("order") as dispatcher:
        (acknowledgement,) = (await dispatcher.send("tiny", "POST", PATH, json=[event("bad")])).json()

    assert acknowledgement["reason"] == "The cup is broken."


@pytest.mark.parametrize("error", [AppError(), ServiceUnavailable()], ids=["500", "503"])
async def test_a_listener_that_cannot_work_now_is_asked_again(exchange: Exchange, error: AppError) -> None:
    """A handler's 5xx applies to the whole batch, and is no refusal; the other event is handled once, now or then."""
    exchange.errors["second"] = [error]
    first, second = event("first"), event("second")

    with pytest.raises(AppError):
        await deliver_as(exchange, first, second)

    outcomes = await deliver_as(exchange, first, second)

    assert outcomes in (["duplicate", "accepted"], ["accepted", "accepted"])
    assert sorted(await exchange.labels()) == ["first", "second"]


async def test_an_event_that_nobody_handles_is_refused(exchange: Exchange) -> None:
    """An unknown type is refused with a code that makes its publisher defer it; its id is not stored."""
    async with exchange.calls_as("order") as dispatcher:
        (acknowledgement,) = (await dispatcher.send("tiny", "POST", PATH, json=[event(type="order.cup_sold")])).json()

    assert (acknowledgement["outcome"], acknowledgement["code"]) == ("refused", "unknown_type")
    assert await exchange.rows("SELECT 1 FROM inbox") == []


@pytest.mark.parametrize("differently", [{"source": "/services/user"}, {"type": "user.cup_filled"}], ids=str)
async def test_a_peer_speaks_for_itself_alone(exchange: Exchange, differently: dict[str, str]) -> None:
    """A batch with another service's event is refused whole."""
    with pytest.raises(RemoteError) as refused:
        await deliver_as(exchange, event(), event(**differently))

    assert (refused.value.remote_status, refused.value.remote_code) == (403, "foreign_event")
    assert await exchange.labels() == []


async def test_only_who_announces_may_deliver_as(exchange: Exchange) -> None:
    """Another peer's sealed call gets the 401 of an unknown caller."""
    with pytest.raises(BadGateway):
        await deliver_as(exchange, event(source="/services/user", type="user.cup_filled"), caller="user")

    assert await exchange.labels() == []


@pytest.mark.parametrize(
    "batch",
    [[event(specversion="0.3")], [event(id="4711")], [event(time="yesterday")], [event()] * (MOST_EVENTS + 1)],
    ids=["version", "id", "time", "number"],
)
async def test_what_is_no_batch_of_events_is_refused(exchange: Exchange, batch: list[dict[str, Any]]) -> None:
    """A malformed batch is a 422, and no event is stored."""
    with pytest.raises(RemoteError) as refused:
        await deliver_as(exchange, *batch)

    assert refused.value.remote_status == 422
    assert await exchange.labels() == []


async def test_an_event_is_handled_under_the_id_of_its_request(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A handler's log lines carry the id of the request that caused the event."""
    seen: list[str] = []
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    monkeypatch.setattr("chassis.messaging.inbox._handle_once", lambda *_: record(seen))

    await deliver_as(exchange, event(requestid="request-4711", traceparent=trace))

    assert seen == ["request-4711", trace]


async def record(seen: list[str]) -> None:
    """Record the ids of the present request."""
    context = request_context.current()
    assert context
    seen += [context.request_id, context.traceparent or "none"]


async def test_old_ids_are_forgotten(exchange: Exchange) -> None:
    """Ids of events older than 30 days are deleted; younger ones stay."""
    old, young = event("old"), event("young")
    await deliver_as(exchange, old, young)
    for one, days in ((old, INBOX_DAYS + 1), (young, INBOX_DAYS - 1)):
        await exchange.rows(
            "UPDATE inbox SET received_at = now() - make_interval(days => :days) WHERE event_id = CAST(:id AS uuid)",
            days=days,
            id=one["id"],
        )

    await exchange.database.purge_expired()

    assert await exchange.rows("SELECT event_id::text FROM inbox") == [(young["id"],)]


def test_the_callers_are_those_who_announce() -> None:
    """The route accepts calls of the services after which its events are named."""

    async def handle(*_: object) -> None:
        """Do nothing."""

    (route,) = inbox_router({"order.fulfilled": handle, "user.deleted": handle, "user.registered": handle}).routes

    assert route.policy.access.callers == {"order", "user"}
