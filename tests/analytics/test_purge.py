"""Expired documents are deleted in batches, and the delay is measured."""

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from prometheus_client import REGISTRY
from pymongo.errors import ExecutionTimeout

from analytics.counting.aggregate_dirty_minutes import aggregate_dirty_minutes
from analytics.counting.measure import measure
from analytics.counting.rebuild_counts import rebuild_counts
from analytics.ingestion.store_events import store_events
from analytics.models import (
    DAY_COUNTS,
    DIRTY_MINUTES,
    ERASED_USERS,
    ERASED_VISITORS,
    EVENTS,
    FAILED_MINUTES,
    INDEXES,
    LEASES,
    MINUTE_COUNTS,
    USER_DAYS,
    WRITE_KEYS,
)
from analytics.privacy import purge as purging
from analytics.privacy.purge import EXPIRING, Expiring, purge
from analytics.retention import ERASURES_KEPT, GRACE, MINUTES_KEPT, PEOPLE_KEPT
from chassis.core.clock import utc_now
from chassis.mongodb.database import Document, MotorDatabase
from tests.analytics.asking import Ask, count
from tests.analytics.counted import days, minutes, model
from tests.analytics.counting import event, sale

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
ALL = pytest.mark.parametrize("expiring", EXPIRING, ids=lambda one: str(one.collection))
NOT_PURGED = {
    DAY_COUNTS: "they stay for good",
    WRITE_KEYS: "as many as operators make",
    LEASES: "one for each kind of work",
    DIRTY_MINUTES: "each is deleted when it is counted",
    FAILED_MINUTES: "each is deleted when it is counted",
    "final_counts": "one for each type",
}


def row(expiring: Expiring, at: datetime) -> Document:
    """A document that is kept from a time on."""
    return {"_id": f"{at}", "type": "a", "user_id": f"{at}", "occurred_at": at, expiring.field: at}


def sample(name: str, **labels: str) -> float:
    """Read a metric of this process."""
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_whatever_grows_is_purged() -> None:
    """Each collection is purged or has a reason not to be; a new one needs a decision."""
    assert {one.collection for one in EXPIRING} | NOT_PURGED.keys() == INDEXES.keys()
    assert {one.collection for one in EXPIRING}.isdisjoint(NOT_PURGED)


@ALL
async def test_what_is_no_longer_kept_is_deleted(
    database: MotorDatabase, expiring: Expiring, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Expired documents go in several batches; those that expire a minute later, and other collections, stay."""
    monkeypatch.setattr(purging, "BATCH", 2)
    now = utc_now()
    gone = [row(expiring, now - expiring.kept - n * MINUTE) for n in range(1, 6)]
    kept = [row(expiring, now - expiring.kept + n * MINUTE) for n in range(1, 3)]
    await database[expiring.collection].insert_many([*gone, *kept])
    before = sample("purge_rows_total", table=expiring.collection)
    asked = 0

    def goes_on() -> bool:
        nonlocal asked
        asked += 1
        return True

    await purge(database, goes_on)

    assert asked == len(EXPIRING) - 1 + 3  # one batch of each other collection, and three here

    left = {one["_id"] async for one in database[expiring.collection].find()}
    assert left == {one["_id"] for one in kept}
    assert sample("purge_rows_total", table=expiring.collection) == before + len(gone)


@ALL
async def test_how_late_purging_is_can_be_measured(database: MotorDatabase, expiring: Expiring) -> None:
    """The metric is the age of the oldest expired document; zero if none has expired."""
    now = utc_now()
    kept, late, later = (row(expiring, now - expiring.kept - by) for by in (-DAY, 2 * DAY, DAY))
    await database[expiring.collection].insert_many([kept, late, later])
    await measure(database)
    assert sample("purge_overdue_seconds", table=expiring.collection) == pytest.approx(2 * 86_400, abs=60)

    await database[expiring.collection].delete_many({"_id": {"$ne": kept["_id"]}})
    await measure(database)
    assert sample("purge_overdue_seconds", table=expiring.collection) == 0


@ALL
async def test_what_is_to_be_deleted_is_found_by_an_index(database: MotorDatabase, expiring: Expiring) -> None:
    """The index has the order of deletion, so that a batch reads only what it deletes."""
    found = {"find": expiring.collection, "filter": expiring.condition(utc_now()), "sort": {expiring.field: 1}}
    plan = await database.command({"explain": found, "verbosity": "queryPlanner"})

    stages = str(plan["queryPlanner"]["winningPlan"])
    assert "IXSCAN" in stages
    assert "'SORT'" not in stages


async def test_a_purge_stops_where_another_process_does_it(database: MotorDatabase) -> None:
    """The check for another process runs before each batch."""
    for expiring in EXPIRING:
        await database[expiring.collection].insert_one(row(expiring, utc_now() - expiring.kept - DAY))
    answers = iter([True, False, False, False, False, False])

    await purge(database, lambda: next(answers))

    left = [await database[one.collection].count_documents({}) for one in EXPIRING]
    assert left == [0, 1, 1, 1, 1]


@pytest.mark.parametrize("failing", [EVENTS, MINUTE_COUNTS])
async def test_a_collection_that_cannot_be_purged_holds_up_no_other(
    database: MotorDatabase, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    """A failing collection is tried once per round."""
    for expiring in EXPIRING:
        await database[expiring.collection].insert_one(row(expiring, utc_now() - expiring.kept - DAY))
    original, tried = purging._purge_batch, []  # noqa: SLF001 - simulates the database

    async def fails(database: MotorDatabase, expiring: Expiring, now: datetime) -> int:
        tried.append(expiring.collection)
        if expiring.collection == failing:
            raise ExecutionTimeout("slow", 50)
        return await original(database, expiring, now)

    monkeypatch.setattr(purging, "_purge_batch", fails)
    await purge(database)

    left = [one.collection for one in EXPIRING if await database[one.collection].count_documents({})]
    assert (left, tried) == ([failing], [one.collection for one in EXPIRING])


async def test_how_far_counting_is_behind_can_be_measured(database: MotorDatabase) -> None:
    """Metrics have the oldest complete mark, and the number of failed minutes; an incomplete mark is not a delay."""
    now = utc_now()
    settled = [{"minutes": [], "settled_at": now + by} for by in (-DAY, -2 * DAY, DAY)]
    await database[DIRTY_MINUTES].insert_many(settled)
    await database[FAILED_MINUTES].insert_many([{"_id": now}, {"_id": now - DAY}])
    await measure(database)
    assert sample("analytics_uncounted_oldest_seconds") == pytest.approx(2 * 86_400, abs=60)
    assert sample("analytics_counting_failed") == 2

    await database[DIRTY_MINUTES].delete_many({"settled_at": {"$lt": now}})
    await database[FAILED_MINUTES].delete_many({})
    await measure(database)
    assert (sample("analytics_uncounted_oldest_seconds"), sample("analytics_counting_failed")) == (0, 0)


# Old counts, whose minutes are no longer kept

OLD = (utc_now() - MINUTES_KEPT - GRACE - 10 * DAY).replace(hour=12, minute=0, second=0, microsecond=0)


async def test_counts_of_days_outlive_their_minutes(database: MotorDatabase, ask: Ask) -> None:
    """A day and its quarter hours stay, with their revenue; a rebuild and a late event change nothing else."""
    events = [event(OLD), sale(500, at=OLD + 20 * MINUTE), event(OLD + 3 * MINUTE, "b")]
    await count(database, *events)
    await database[MINUTE_COUNTS].insert_one({"minute": OLD, "type": "page.viewed", "count": 1})

    await purge(database)
    assert await minutes(database) == {}
    late = event(OLD + MINUTE)
    await count(database, late)
    await rebuild_counts(database)

    assert await days(database) == model([*events, late], DAY)
    assert await minutes(database) == {}
    quarter = {"since": OLD.isoformat(), "to": (OLD + 15 * MINUTE).isoformat()}
    assert (await ask("stats", **quarter))["by_type"] == {"page.viewed": 2, "b": 1}


async def test_minutes_are_kept_to_the_day(database: MotorDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first day within the limit has minutes, the day before has none."""
    first = (utc_now() - MINUTES_KEPT).replace(hour=0, minute=0, second=0, microsecond=0)
    events = [event(first), event(first - MINUTE)]

    await count(database, *events)

    assert await minutes(database) == model(events[:1], MINUTE)
    assert await days(database) == model(events, DAY)


async def test_times_of_long_ago_are_cut_to_the_quarter_hour(database: MotorDatabase, ask: Ask) -> None:
    """Times are cut on all routes, at both ends; adjacent ranges still neither overlap nor leave a gap."""
    events = [event(OLD + n * MINUTE, data={"path": "/"}) for n in range(60)]
    await count(database, *events)
    cuts = [OLD + n * MINUTE for n in (0, 7, 20, 44, 60)]

    found = []
    for start, end in pairwise(cuts):
        if start.replace(minute=start.minute // 15 * 15) == end.replace(minute=end.minute // 15 * 15):
            continue
        times = {"since": start.isoformat(), "to": end.isoformat()}
        found.append((await ask("stats", **times))["total"])
        assert (await ask("top", property="path", **times))["items"][0]["count"] == found[-1]

    assert found == [15, 15, 30]


async def test_minutes_of_long_ago_are_not_answered(database: MotorDatabase, ask: Ask) -> None:
    """Minutes would all be empty; the message names the alternative. Hours are answered."""
    await count(database, event(OLD))
    times = {"since": OLD.isoformat(), "to": (OLD + timedelta(hours=1)).isoformat()}

    assert await ask.refusal("timeseries", bucket="minute", **times) == (422, "minutes_gone")
    assert await ask.refusal("revenue", bucket="minute", **times) == (422, "minutes_gone")
    assert (await ask("timeseries", bucket="hour", **times))["series"] == [{"name": "all", "counts": [1]}]


@pytest.mark.parametrize(("ago", "noted"), [(PEOPLE_KEPT + DAY, 0), (PEOPLE_KEPT - 2 * DAY, 1)])
async def test_people_of_long_ago_are_not_noted(database: MotorDatabase, ago: timedelta, noted: int) -> None:
    """Rows that would be purged at once are not written."""
    await store_events(database, [event(utc_now() - ago, user_id="ada")])

    await aggregate_dirty_minutes(database)

    assert await database[USER_DAYS].count_documents({}) == noted


async def test_tombstones_of_erasures_are_kept_for_a_year(database: MotorDatabase) -> None:
    """The records of an account and of its browsers are deleted together."""
    for name, by in (("old", -MINUTE), ("new", MINUTE)):
        at = utc_now() - ERASURES_KEPT + by
        await database[ERASED_USERS].insert_one({"_id": name, "erased_at": at, "events": 0})
        await database[ERASED_VISITORS].insert_one({"_id": name, "erased_at": at, "person": name})

    await purge(database)

    for collection in (ERASED_USERS, ERASED_VISITORS):
        assert [one["_id"] async for one in database[collection].find()] == ["new"]
    assert await database[EVENTS].count_documents({}) == 0
