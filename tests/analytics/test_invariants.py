import pytest

from analytics.counting.aggregate_dirty_minutes import aggregate_dirty_minutes
from analytics.counting.final_counts import end_of_part, finalise
from analytics.ingestion.store_events import store_events
from analytics.invariants import miscounted, uncounted
from analytics.models import DAY_COUNTS, EVENTS, MINUTE_COUNTS
from chassis.mongodb.database import MotorDatabase
from tests.analytics.counting import NOON, event, sale


async def test_what_has_arrived_is_uncounted_until_it_is_counted(database: MotorDatabase) -> None:
    """A mark is reported until it is counted."""
    await store_events(database, [event()])
    assert len(await uncounted(database)) == 1

    await aggregate_dirty_minutes(database)

    assert await uncounted(database) == []


async def test_counts_that_agree_are_not_named(database: MotorDatabase) -> None:
    """Right counts of several types, with and without revenue, are not reported."""
    await store_events(database, [event(), event(), sale(500), sale(700, "CHF")])
    await aggregate_dirty_minutes(database)

    assert await miscounted(database) == []


@pytest.mark.parametrize(
    ("collection", "field"), [(MINUTE_COUNTS, "count"), (DAY_COUNTS, "count"), (MINUTE_COUNTS, "revenue.EUR")]
)
async def test_a_wrong_count_is_named(database: MotorDatabase, collection: str, field: str) -> None:
    """The day and type of a wrong count are reported, whichever count it is."""
    await store_events(database, [sale(500)])
    await aggregate_dirty_minutes(database)

    await database[collection].update_one({}, {"$inc": {field: 1}})

    assert await miscounted(database) == ["2026-11-20 order.confirmed"]


async def test_counts_of_events_that_are_no_longer_kept_are_right(database: MotorDatabase) -> None:
    """Final counts are not compared; those of another type are."""
    old, other = event(NOON), event(NOON, "other")
    await store_events(database, [old, other])
    await aggregate_dirty_minutes(database)
    await finalise(database, {old["type"]: end_of_part(NOON.replace(hour=23))})
    await database[EVENTS].delete_many({})

    assert await miscounted(database) == ["2026-11-20 other"]
