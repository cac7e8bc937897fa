"""Counts of deleted events stay, for every retention setting."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from analytics.counting import recount as recounting
from analytics.counting.final_counts import PART, all_final_before, end_of_part, finalise
from analytics.counting.rebuild_counts import rebuild_counts
from analytics.ingestion.documents import EventTooOld
from analytics.ingestion.record_batch import record_batch
from analytics.ingestion.record_event import record_event
from analytics.ingestion.schemas import EventCreate
from analytics.migrations import migrate
from analytics.models import DAY_COUNTS, DIRTY_MINUTES, EVENTS, FAILED_MINUTES, FINAL_COUNTS, INDEXES
from analytics.privacy.purge import purge
from analytics.retention import GRACE, Retention
from chassis.core.clock import utc_now
from chassis.mongodb.database import Document, MotorDatabase, create_indexes
from tests.analytics.asking import count
from tests.analytics.counted import days, minutes, model
from tests.analytics.counting import NOON, event, sale

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


def expired(at: datetime, kind: str = "page.viewed", **more: object) -> Document:
    """An expired event."""
    return event(at, kind, expires_at=utc_now() - MINUTE, **more)


async def ids(database: MotorDatabase) -> set[str]:
    """The ids of the stored events."""
    return {row["_id"] async for row in database[EVENTS].find({}, {"_id": 1})}


async def test_counts_of_deleted_events_survive_a_rebuild(database: MotorDatabase) -> None:
    """The setting does not matter. Counts of other types, and of later times, match the stored events."""
    gone = [expired(NOON), sale(500) | {"expires_at": utc_now() - MINUTE}]
    others = [event(NOON, "kept.type"), event(NOON + PART), event(NOON - DAY, "kept.type")]
    await count(database, *gone, *others)

    await purge(database)
    assert await ids(database) == {one["_id"] for one in others}
    await database[EVENTS].delete_one({"_id": others[1]["_id"]})
    await database[EVENTS].delete_one({"_id": others[2]["_id"]})
    await rebuild_counts(database)

    assert await days(database) == model([*gone, others[0]], DAY)
    assert await minutes(database) == model([*gone, others[0]], MINUTE)


async def test_a_late_event_of_another_type_does_not_touch_final_counts(database: MotorDatabase) -> None:
    """The minute of a late event is recounted, and counts of deleted events in it stay."""
    gone, late = expired(NOON), event(NOON, "kept.type")
    await count(database, gone)
    await purge(database)

    await count(database, late)

    assert await minutes(database) == model([gone, late], MINUTE)
    assert await days(database) == model([gone, late], DAY)


async def test_events_are_deleted_only_when_their_time_is_up(database: MotorDatabase) -> None:
    """Events that expire later, or never, stay, and only counts of deleted events become final."""
    gone = expired(NOON)
    soon = event(NOON + 2 * PART, expires_at=utc_now() + MINUTE)
    kept = event(NOON, "kept.type")
    await count(database, gone, soon, kept)

    await purge(database)

    assert await ids(database) == {soon["_id"], kept["_id"]}
    assert await all_final_before(database) == {"page.viewed": end_of_part(NOON)}


async def test_a_purge_of_many_deletes_all_of_them(database: MotorDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many events are deleted in batches, each after its counts became final."""
    monkeypatch.setattr("analytics.privacy.purge.BATCH", 2)
    gone = [expired(NOON + n * PART) for n in range(5)]
    await count(database, *gone, event(NOON))

    await purge(database)
    await rebuild_counts(database)

    assert await database[EVENTS].count_documents({}) == 1
    assert (await days(database))[NOON.replace(hour=0), "page.viewed"] == (3, {})
    assert await all_final_before(database) == {"page.viewed": end_of_part(NOON + 4 * PART)}


@pytest.mark.parametrize("collection", [DIRTY_MINUTES, FAILED_MINUTES])
async def test_events_that_are_not_counted_are_not_deleted(database: MotorDatabase, collection: str) -> None:
    """An event is counted before it is deleted, however late counting is."""
    gone = expired(NOON)
    await count(database, gone)
    waiting = {"_id": NOON} if collection == FAILED_MINUTES else {"minutes": [NOON]}
    await database[collection].insert_one({**waiting, "retry_at": utc_now() + DAY, "settled_at": utc_now() + DAY})

    await purge(database)
    assert await ids(database) == {gone["_id"]}
    assert await all_final_before(database) == {}

    await database[collection].delete_many({})
    await purge(database)
    assert await ids(database) == set()


def test_counts_become_final_by_whole_parts_of_a_day() -> None:
    """No part of a day belongs to two days."""
    assert [end_of_part(NOON.replace(hour=hour)).hour for hour in (0, 5, 6, 12, 18, 23)] == [6, 6, 12, 18, 0, 0]
    assert end_of_part(NOON.replace(hour=23)) == NOON.replace(hour=0) + DAY


async def test_what_is_final_stays_final(database: MotorDatabase) -> None:
    """An earlier time does not change the final time."""
    await finalise(database, {"a": NOON, "b": NOON})
    await finalise(database, {"a": NOON - DAY, "b": NOON + DAY})

    assert await all_final_before(database) == {"a": NOON, "b": NOON + DAY}


async def test_a_deletion_while_events_are_counted_spoils_no_count(
    database: MotorDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counting reads the final times in the snapshot in which it reads the events."""
    gone = expired(NOON)
    await count(database, gone)
    original = recounting._count_events  # noqa: SLF001 - the moment between the two reads

    async def purged_meanwhile(*arguments: object) -> object:
        monkeypatch.setattr(recounting, "_count_events", original)
        await purge(database)
        return await original(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(recounting, "_count_events", purged_meanwhile)
    await rebuild_counts(database)

    assert await ids(database) == set()
    assert await minutes(database) == model([gone], MINUTE)


# Events that arrive late for final counts


async def test_an_event_whose_counts_are_final_is_refused(database: MotorDatabase) -> None:
    """A late event would be stored and never counted, so it is refused; another type or a later time is accepted."""
    before = end_of_part(utc_now() - 20 * DAY)
    await finalise(database, {"page.viewed": before})
    times = [before - MINUTE, before + GRACE - PART - MINUTE, before + GRACE - PART, before - MINUTE]
    kinds = ["page.viewed", "page.viewed", "page.viewed", "other"]

    outcomes = await record_batch(
        database, Retention(), [EventCreate(type=kind, time=at) for kind, at in zip(kinds, times, strict=True)]
    )

    assert [outcome["status"] for outcome in outcomes] == ["invalid", "invalid", "inserted", "inserted"]
    (fault,) = outcomes[0]["errors"]
    assert (fault.pointer, fault.code) == ("/time", "event_too_old")
    assert await database[EVENTS].count_documents({}) == 2


async def test_one_event_whose_counts_are_final_is_refused(database: MotorDatabase) -> None:
    """A single event is refused as in a batch; it is not stored."""
    await finalise(database, {"page.viewed": end_of_part(utc_now() - 20 * DAY)})

    with pytest.raises(EventTooOld, match="Events of type"):
        await record_event(database, Retention(), EventCreate(type="page.viewed", time=utc_now() - 21 * DAY))

    assert await database[EVENTS].count_documents({}) == 0


async def test_an_event_of_now_costs_no_look_at_final_counts(
    database: MotorDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only events older than a day are looked up."""

    async def looked(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr("analytics.ingestion.refuse_final.final_before", looked)

    event_of_now = EventCreate(type="page.viewed", time=utc_now() - GRACE + MINUTE)
    assert (await record_event(database, Retention(), event_of_now)).status == "inserted"


# Data of earlier versions


async def test_events_that_mongodb_deleted_itself_stay_counted(
    database: MotorDatabase, environment: dict[str, str]
) -> None:
    """The old index, which left no record, is dropped; counts of more events than are stored become final."""
    gone, there = [event(NOON), event(NOON + DAY)], [event(NOON + 2 * DAY), event(NOON, "other")]
    await count(database, *gone, *there)
    await database[EVENTS].delete_many({"_id": {"$in": [one["_id"] for one in gone]}})
    await database[EVENTS].drop_index("expires_at_1")
    await database[EVENTS].create_index("expires_at", expireAfterSeconds=0, sparse=True)

    for _ in range(2):
        create_indexes(SecretStr(environment["ANALYTICS_MONGODB_URL"]), INDEXES, migrate)
    await rebuild_counts(database)

    assert "expireAfterSeconds" not in (await database[EVENTS].index_information())["expires_at_1"]
    assert await all_final_before(database) == {"page.viewed": datetime(2026, 11, 22, tzinfo=UTC)}
    assert await days(database) == model([*gone, *there], DAY)


async def test_without_the_old_index_nothing_is_migrated(database: MotorDatabase, environment: dict[str, str]) -> None:
    """A rebuild corrects wrong counts of a new database."""
    await count(database, event(NOON))
    await database[DAY_COUNTS].update_one({}, {"$inc": {"count": 1}})

    create_indexes(SecretStr(environment["ANALYTICS_MONGODB_URL"]), INDEXES, migrate)

    assert await database[FINAL_COUNTS].count_documents({}) == 0
