"""Minutes that cannot be counted are skipped and tried again; nothing waits for them."""

from collections import Counter
from datetime import datetime, timedelta
from functools import partial

import pytest
from pymongo.errors import AutoReconnect, NetworkTimeout, OperationFailure

from analytics.counting import aggregate_dirty_minutes, count_span
from analytics.counting.count_span import FIRST_RETRY, LAST_RETRY
from analytics.counting.rebuild_counts import rebuild_counts
from analytics.counting.recount import Span, recount
from analytics.models import DIRTY_MINUTES, FAILED_MINUTES
from chassis.core.clock import utc_now
from chassis.mongodb.database import MotorDatabase
from tests.analytics.counted import days, minutes, model
from tests.analytics.counting import NOON, event, store_without_counts
from tests.analytics.recounting import SLOW, Recounting, longer_than, with_minute

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def recounting(monkeypatch: pytest.MonkeyPatch) -> Recounting:
    """Counting that can be made to fail."""
    recounting = Recounting()
    monkeypatch.setattr(count_span, "recount", recounting)
    return recounting


class Clock:
    """A clock that moves only when the test moves it."""

    def __init__(self) -> None:
        self.now = utc_now().replace(microsecond=0)

    def __call__(self) -> datetime:
        """Return the current time."""
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of counting."""
    clock = Clock()
    for module in (count_span, aggregate_dirty_minutes):
        monkeypatch.setattr(module, "utc_now", clock)
    return clock


async def fold(database: MotorDatabase) -> None:
    """Count the complete marks."""
    await aggregate_dirty_minutes.aggregate_dirty_minutes(database)


@pytest.mark.parametrize("error", [SLOW, NetworkTimeout("slow"), OperationFailure("too large", 292)], ids=str)
async def test_an_hour_that_is_too_large_is_counted_in_parts(
    database: MotorDatabase, recounting: Recounting, error: Exception
) -> None:
    """A large hour is halved until its parts can be counted; the hours beside it are counted as a whole."""
    events = [event(NOON + n * MINUTE) for n in range(60)]
    beside = [event(NOON + HOUR, "b"), event(NOON - MINUTE, "b")]
    await store_without_counts(database, [*events, *beside])
    recounting.fails = longer_than(10 * MINUTE, error)

    await fold(database)

    assert await minutes(database) == model([*events, *beside], MINUTE)
    assert await days(database) == model([*events, *beside], DAY)
    assert await database[FAILED_MINUTES].count_documents({}) == 0
    assert await database[DIRTY_MINUTES].count_documents({}) == 0
    lengths = Counter((span.end - span.start) // MINUTE for span in recounting.tried)
    assert lengths == {1: 2, 60: 1, 30: 2, 15: 4, 7: 4, 8: 4}


async def test_a_minute_that_fails_holds_up_nothing(database: MotorDatabase, recounting: Recounting) -> None:
    """All other minutes are counted in the same round, and later events in the next."""
    bad = event(NOON + 30 * MINUTE)
    good = [event(NOON + n * MINUTE) for n in range(60) if n != 30]
    await store_without_counts(database, [bad, *good])
    recounting.fails = with_minute(NOON + 30 * MINUTE)

    await fold(database)
    assert await minutes(database) == model(good, MINUTE)
    later = event(NOON + 2 * HOUR)
    await store_without_counts(database, [later])
    await fold(database)

    assert await minutes(database) == model([*good, later], MINUTE)
    assert [row["_id"] async for row in database[FAILED_MINUTES].find()] == [NOON + 30 * MINUTE]
    assert await database[DIRTY_MINUTES].count_documents({}) == 0


async def test_there_is_something_to_count_until_it_is_counted(
    database: MotorDatabase, recounting: Recounting, clock: Clock
) -> None:
    """A complete mark is something, a failed minute only once it is due again; what has been counted is not."""
    anything = partial(aggregate_dirty_minutes.anything_to_count, database)
    assert not await anything()
    await store_without_counts(database, [event(NOON)])
    clock.now = utc_now()
    assert await anything()

    recounting.fails = with_minute(NOON)
    await fold(database)
    assert not await anything()
    clock.now += FIRST_RETRY
    assert await anything()

    recounting.fails = lambda _span: None
    await fold(database)
    assert not await anything()


async def test_a_failed_minute_is_tried_less_and_less_often(
    database: MotorDatabase, recounting: Recounting, clock: Clock
) -> None:
    """A failed minute is retried after a minute, two, four and so on up to an hour: not in every round."""
    await store_without_counts(database, [event(NOON)])
    clock.now = utc_now()
    recounting.fails = with_minute(NOON)
    await fold(database)
    began, tried_at = clock.now, []

    for _ in range(4 * 60 + 10):
        clock.now += MINUTE
        before = len(recounting.tried)
        await fold(database)
        if len(recounting.tried) > before:
            tried_at.append((clock.now - began) // FIRST_RETRY)

    assert tried_at == [1, 3, 7, 15, 31, 63, 123, 183, 243]
    assert LAST_RETRY == 60 * FIRST_RETRY


async def test_a_failed_minute_is_counted_when_it_can_be(
    database: MotorDatabase, recounting: Recounting, clock: Clock
) -> None:
    """The failed minute is counted with the events that arrived meanwhile, which did not make the retry earlier."""
    first, second = event(NOON), event(NOON)
    await store_without_counts(database, [first])
    clock.now = utc_now()
    recounting.fails = with_minute(NOON)
    await fold(database)

    await store_without_counts(database, [second])
    clock.now = utc_now()
    recounting.fails = with_minute()
    await fold(database)
    assert await minutes(database) == {}
    clock.now += FIRST_RETRY
    await fold(database)

    assert await minutes(database) == model([first, second], MINUTE)
    assert await database[FAILED_MINUTES].count_documents({}) == 0


async def test_a_minute_that_fails_again_is_kept(database: MotorDatabase, recounting: Recounting, clock: Clock) -> None:
    """A failed retry keeps the mark."""
    await store_without_counts(database, [event(NOON)])
    clock.now = utc_now()
    recounting.fails = with_minute(NOON)

    for _ in range(2):
        await fold(database)
        clock.now += FIRST_RETRY

    (row,) = [row async for row in database[FAILED_MINUTES].find()]
    assert (row["_id"], row["failures"]) == (NOON, 2)


async def test_events_that_come_while_a_failed_minute_is_counted_are_counted(
    database: MotorDatabase, recounting: Recounting, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process, for which the retry is not due, leaves them to the process that is counting the minute."""
    first, second = event(NOON), event(NOON)
    await store_without_counts(database, [first])
    clock.now = utc_now()
    recounting.fails = with_minute(NOON)
    await fold(database)

    async def counted_before_it_came(database: MotorDatabase, span: Span) -> None:
        monkeypatch.setattr(count_span, "recount", recount)
        await recount(database, span)
        await store_without_counts(database, [second])
        clock.now = utc_now()
        await fold(database)

    monkeypatch.setattr(count_span, "recount", counted_before_it_came)
    clock.now += FIRST_RETRY
    await fold(database)
    clock.now += FIRST_RETRY
    await fold(database)

    assert await minutes(database) == model([first, second], MINUTE)


async def test_events_of_a_failed_minute_that_was_counted_just_before_are_counted(
    database: MotorDatabase, recounting: Recounting, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If another process counts the minute between the check and the mark, they are counted separately."""
    first, second, beside = event(NOON), event(NOON), NOON + HOUR
    await store_without_counts(database, [first])
    clock.now = utc_now()
    recounting.fails = with_minute(NOON)
    await fold(database)
    await database[FAILED_MINUTES].insert_one({"_id": beside, "failures": 3, "retry_at": clock.now + HOUR})
    note = aggregate_dirty_minutes._mark_failed_dirty  # noqa: SLF001 - the moment before

    async def counted_just_before(database: MotorDatabase, minutes: set[datetime]) -> None:
        await recount(database, Span(NOON, NOON + MINUTE))
        await database[FAILED_MINUTES].delete_one({"_id": NOON})
        await note(database, minutes)

    with monkeypatch.context() as patch:
        patch.setattr(aggregate_dirty_minutes, "_mark_failed_dirty", counted_just_before)
        await store_without_counts(database, [second])
        clock.now = utc_now()
        await fold(database)
    row = await database[FAILED_MINUTES].find_one({"_id": NOON})
    assert row
    assert (row["failures"], row["retry_at"]) == (
        0,
        clock.now.replace(microsecond=clock.now.microsecond // 1000 * 1000),
    )
    recounting.fails = with_minute()
    await fold(database)

    assert await minutes(database) == model([first, second], MINUTE)
    assert [(row["_id"], row["failures"]) async for row in database[FAILED_MINUTES].find()] == [(beside, 3)]


async def test_when_the_database_is_gone_nothing_is_taken_for_counted(
    database: MotorDatabase, recounting: Recounting
) -> None:
    """The hour is not at fault: it is not halved, and all marks stay."""
    await store_without_counts(database, [event(NOON + n * MINUTE) for n in range(60)])
    recounting.fails = longer_than(timedelta(), AutoReconnect("gone"))

    with pytest.raises(AutoReconnect):
        await fold(database)

    assert len(recounting.tried) == 1
    assert await database[DIRTY_MINUTES].count_documents({}) == 1
    assert await database[FAILED_MINUTES].count_documents({}) == 0


async def test_the_latest_hours_are_counted_first(database: MotorDatabase, recounting: Recounting) -> None:
    """Large and old spans do not delay current numbers."""
    for ago in (0, 2, 1):
        await store_without_counts(database, [event(NOON - ago * HOUR)])

    await fold(database)

    assert [span.start for span in recounting.tried] == [NOON, NOON - HOUR, NOON - 2 * HOUR]


async def test_a_rebuild_reports_what_failed(database: MotorDatabase, recounting: Recounting) -> None:
    """A rebuild continues after a failure; the service tries the minute again."""
    events = [event(NOON + n * 6 * HOUR) for n in range(3)]
    await store_without_counts(database, events)
    lost = NOON + 6 * HOUR
    recounting.fails = with_minute(lost)

    rebuilt = await rebuild_counts(database)

    assert (rebuilt.parts, rebuilt.failed) == (3, [lost])
    assert await minutes(database) == model([events[0], events[2]], MINUTE)
    assert [row["_id"] async for row in database[FAILED_MINUTES].find()] == [lost]


async def test_hours_of_long_ago_are_halved_to_quarters(database: MotorDatabase, recounting: Recounting) -> None:
    """The minutes of an old hour are no longer kept, so no part under a quarter hour can be counted separately."""
    long_ago = NOON - timedelta(days=3000)
    events = [event(long_ago + n * MINUTE) for n in range(60)]
    await store_without_counts(database, events)
    recounting.fails = with_minute(long_ago + 20 * MINUTE)

    await fold(database)

    assert [row["_id"] async for row in database[FAILED_MINUTES].find()] == [long_ago + 15 * MINUTE]
    counted = [one for n, one in enumerate(events) if not 15 <= n < 30]
    assert await days(database) == model(counted, DAY)
