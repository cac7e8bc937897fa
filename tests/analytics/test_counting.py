import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymongo import UpdateOne

from analytics.counting import dirty_minutes
from analytics.counting import record_user_days as user_days
from analytics.counting.aggregate_dirty_minutes import aggregate_dirty_minutes
from analytics.counting.batch_counts import counts_of
from analytics.counting.rebuild_counts import rebuild_counts
from analytics.ingestion.store_events import store_events
from analytics.models import DAY_COUNTS, DIRTY_MINUTES, ERASED_USERS, EVENTS, FAILED_MINUTES, MINUTE_COUNTS, USER_DAYS
from analytics.privacy.erase_user import erase_user
from chassis.core.clock import utc_now
from chassis.core.types import new_id
from chassis.mongodb.database import Document, MotorDatabase
from tests.analytics.counted import days, minutes, model
from tests.analytics.counting import NOON, event, sale, store_without_counts
from tests.support.often import times


async def test_events_are_counted_by_minute_and_day(database: MotorDatabase) -> None:
    """A stored event is counted under the minute and the day of its time."""
    events = [event(), event(NOON + timedelta(seconds=59.999999)), event(NOON + timedelta(hours=30), "order.confirmed")]
    await store_events(database, events)

    await aggregate_dirty_minutes(database)

    assert await minutes(database) == model(events, timedelta(minutes=1))
    assert await days(database) == model(events, timedelta(days=1))


async def test_a_day_keeps_its_quarter_hours_apart(database: MotorDatabase) -> None:
    """Events of an hour are counted in their own quarter, also when one of them is counted later."""
    midnight = 12 * 60
    for at in (0, 14, 15, 59, midnight, midnight - 1):
        await store_events(database, [event(NOON + timedelta(minutes=at))])
        await aggregate_dirty_minutes(database)

    day, following = [row async for row in database[DAY_COUNTS].find().sort("day")]

    assert {name: one["count"] for name, one in day["quarters"].items()} == {"48": 2, "49": 1, "51": 1, "95": 1}
    assert {name: one["count"] for name, one in following["quarters"].items()} == {"0": 1}


async def test_revenue_is_added_up_by_currency(database: MotorDatabase) -> None:
    """Amounts of one currency are added, other currencies are separate."""
    await store_events(database, [sale(1999), sale(1), sale(500, "CHF"), sale(7, at=NOON + timedelta(hours=1))])

    await aggregate_dirty_minutes(database)

    assert await days(database) == {
        (datetime(2026, 11, 20, tzinfo=UTC), "order.confirmed"): (4, {"EUR": 2007, "CHF": 500})
    }


batches = st.lists(
    st.lists(
        st.tuples(st.integers(0, 7), st.integers(0, 3 * 24 * 60), st.sampled_from(["a", "b", "$c.d"])), max_size=6
    ),
    max_size=6,
)


@settings(max_examples=times(10), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=batches, counts_between=st.lists(st.booleans(), min_size=6, max_size=6))
async def test_counts_agree_with_the_events_however_they_arrive(
    database: MotorDatabase, batches: list[list[tuple[int, int, str]]], counts_between: list[bool]
) -> None:
    """Late and repeated events, in any order, counted at any moment: in the end the counts match the events."""
    for name in (EVENTS, MINUTE_COUNTS, DAY_COUNTS, DIRTY_MINUTES):
        await database[name].delete_many({})
    stored: dict[str, Document] = {}
    for batch, counts in zip(batches, counts_between, strict=False):
        documents = [event(NOON + timedelta(minutes=at), kind, _id=str(name)) for name, at, kind in batch]
        await store_events(database, documents)
        for document in documents:
            stored.setdefault(document["_id"], document)
        if counts:
            await aggregate_dirty_minutes(database)

    await aggregate_dirty_minutes(database)

    assert await minutes(database) == model(stored.values(), timedelta(minutes=1))
    assert await days(database) == model(stored.values(), timedelta(days=1))


async def test_two_who_count_at_once_do_not_spoil_each_others_counts(database: MotorDatabase) -> None:
    """Whatever two processes store and count concurrently, the counts are right in the end."""

    async def store_and_count(n: int) -> list[Document]:
        events = [event(NOON + timedelta(seconds=n)), sale(n)]
        await store_events(database, events)
        await aggregate_dirty_minutes(database)
        return events

    batches = await asyncio.gather(*(store_and_count(n) for n in range(12)))

    assert await days(database) == model([one for batch in batches for one in batch], timedelta(days=1))
    assert await database[DIRTY_MINUTES].count_documents({}) == 0


async def test_what_a_dead_process_has_stored_is_counted(
    database: MotorDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mark that is never completed is counted after its time."""
    lost = event()
    mark = await dirty_minutes.mark_dirty(database, [lost])
    await database[EVENTS].insert_one(lost)
    assert await aggregate_dirty_minutes(database) == 0

    later = mark["settled_at"] + timedelta(seconds=1)
    monkeypatch.setattr("analytics.counting.aggregate_dirty_minutes.utc_now", lambda: later)
    await aggregate_dirty_minutes(database)

    assert await minutes(database) == model([lost], timedelta(minutes=1))


async def test_who_was_taken_for_dead_is_counted_when_it_goes_on(database: MotorDatabase) -> None:
    """A mark that was counted before its events were stored is stored again on completion."""
    late = event()
    mark = await dirty_minutes.mark_dirty(database, [late])
    await database[DIRTY_MINUTES].delete_one({"_id": mark["_id"]})
    await database[EVENTS].insert_one(late)

    await dirty_minutes.mark_complete(database, mark, counts_of([late]))
    await aggregate_dirty_minutes(database)

    assert await minutes(database) == model([late], timedelta(minutes=1))


async def test_an_arrival_that_is_settled_while_it_is_counted_is_counted_again(
    database: MotorDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mark is not deleted by a process that read it before its events were stored."""
    late = event()
    mark = await dirty_minutes.mark_dirty(database, [late])
    monkeypatch.setattr("analytics.counting.aggregate_dirty_minutes.utc_now", lambda: mark["settled_at"])
    recounted = "analytics.counting.count_span.recount"

    async def settle_meanwhile(*_: object) -> None:
        await database[EVENTS].insert_one(late)
        await dirty_minutes.mark_complete(database, mark, counts_of([late]))

    with monkeypatch.context() as patch:
        patch.setattr(recounted, settle_meanwhile)
        await aggregate_dirty_minutes(database)
    await aggregate_dirty_minutes(database)

    assert await minutes(database) == model([late], timedelta(minutes=1))


async def test_scattered_events_are_counted_by_the_hour(database: MotorDatabase) -> None:
    """Many separate minutes of an hour, and of several days, give the same counts as few."""
    events = [event(NOON + timedelta(minutes=3 * n)) for n in range(60)]
    await store_without_counts(database, events)

    await aggregate_dirty_minutes(database)

    assert await minutes(database) == model(events, timedelta(minutes=1))


async def test_a_rebuild_mends_counts(database: MotorDatabase) -> None:
    """Wrong, missing and invented counts match the events afterwards."""
    events = [event(NOON + timedelta(hours=n)) for n in range(5)]
    await store_events(database, events)
    await aggregate_dirty_minutes(database)
    await database[MINUTE_COUNTS].update_one({"minute": NOON}, {"$set": {"count": 77}})
    await database[MINUTE_COUNTS].delete_one({"minute": NOON + timedelta(hours=1)})
    invented = NOON - timedelta(days=1)
    await database[MINUTE_COUNTS].insert_one({"minute": invented, "type": "never", "count": 1})
    await database[DAY_COUNTS].insert_one(
        {"day": invented.replace(hour=0), "type": "never", "count": 1, "quarters": {"48": {"count": 1}}}
    )
    steps: list[tuple[int, int]] = []

    await rebuild_counts(database, lambda *step: steps.append(step))

    assert await minutes(database) == model(events, timedelta(minutes=1))
    assert await days(database) == model(events, timedelta(days=1))
    assert steps == [(n, 5) for n in range(1, 6)]


async def test_so_many_arrivals_are_counted_at_a_time(database: MotorDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    """The marks completed first are counted; the others stay for the next time."""
    monkeypatch.setattr("analytics.counting.aggregate_dirty_minutes.MOST_DIRTY_MINUTES", 2)
    events = [event(NOON + timedelta(minutes=n)) for n in range(3)]
    for one in events:
        await store_events(database, [one])

    assert await aggregate_dirty_minutes(database) == 2
    assert await minutes(database) == model(events[:2], timedelta(minutes=1))
    assert await aggregate_dirty_minutes(database) == 1
    assert await minutes(database) == model(events, timedelta(minutes=1))


async def test_without_events_nothing_is_rebuilt(database: MotorDatabase) -> None:
    """A rebuild without events succeeds."""
    assert await rebuild_counts(database) == (0, [])


async def test_what_people_do_is_noted_by_day(database: MotorDatabase) -> None:
    """Each person's day has every type once, whenever the event was stored, whether or not the batch has counts."""
    for kind, store in (("a", store_events), ("b", store_without_counts), ("a", store_events), ("c", store_events)):
        await store(database, [event(kind=kind, user_id="ada"), event(kind=kind)])
        await aggregate_dirty_minutes(database)

    (row,) = [row async for row in database[USER_DAYS].find()]

    assert (row["day"], row["user_id"], sorted(row["types"])) == (NOON.replace(hour=0), "ada", ["a", "b", "c"])


async def noted(database: MotorDatabase) -> dict[str, set[str]]:
    """All recorded days of people."""
    return {row["user_id"]: set(row["types"]) async for row in database[USER_DAYS].find()}


async def test_many_people_are_noted(database: MotorDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    """All people are recorded, also when there are more than fit into one batch."""
    monkeypatch.setattr(user_days, "_BATCH", 2)
    await store_without_counts(database, [event(user_id=who) for who in "abcde"])

    await aggregate_dirty_minutes(database)

    assert await noted(database) == {who: {"page.viewed"} for who in "abcde"}


async def test_two_who_note_one_persons_day_at_once_lose_nothing(database: MotorDatabase) -> None:
    """If a day was inserted or changed meanwhile, both processes' types are in it, and other people are recorded."""
    await store_without_counts(database, [event(kind="a", user_id="ada")])
    await aggregate_dirty_minutes(database)

    async def record(kind: str) -> None:
        await store_events(database, [event(kind=kind, user_id=who) for who in ("ada", "bob")])
        await aggregate_dirty_minutes(database)

    await asyncio.gather(*(record(kind) for kind in "bcdef"))

    assert await noted(database) == {"ada": set("abcdef"), "bob": set("bcdef")}


async def test_a_day_that_the_database_refuses_is_no_day_that_was_begun(
    database: MotorDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The day fails once; its mark stays, so it is recorded later."""
    await store_without_counts(database, [event(user_id="ada")])
    with monkeypatch.context() as patch:
        patch.setattr(user_days, "_writes", lambda *_: [UpdateOne({}, {"$unknown": {}})])
        assert await aggregate_dirty_minutes(database) == 1

    assert await database[FAILED_MINUTES].count_documents({}) == 1
    assert await noted(database) == {}


@pytest.mark.parametrize("store", [store_events, store_without_counts])
async def test_nothing_is_noted_of_an_erased_person(
    database: MotorDatabase, store: Callable[[MotorDatabase, list[Document]], Awaitable[object]]
) -> None:
    """Before an erasure anonymises the events, no day is recorded, in any spelling of the id; others' days stay."""
    ada = str(new_id())
    await store(database, [event(user_id=who) for who in (ada, ada.upper(), "bob")])
    await database[ERASED_USERS].insert_one({"_id": ada, "erased_at": utc_now()})

    await aggregate_dirty_minutes(database)

    assert await noted(database) == {"bob": {"page.viewed"}}


async def test_an_erased_persons_events_stay_counted(database: MotorDatabase) -> None:
    """Counts and revenue are the same after an erasure and a rebuild."""
    ada = new_id()
    events = [event(user_id=str(ada)), {**sale(500), "user_id": str(ada)}]
    await store_events(database, events)
    await aggregate_dirty_minutes(database)

    await erase_user(database, ada)
    await rebuild_counts(database)

    assert await days(database) == model(events, timedelta(days=1))
