"""
Counts while batches are on their way: every order of the steps of several processes.

A batch is stored in three steps: its mark, its events, its completion. Between any two of them, of any batches, events
may be counted or recounted, time may pass, a process may die, or be taken for dead and go on.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from analytics.counting import added_counts, aggregate_dirty_minutes, dirty_minutes, recount
from analytics.counting.dirty_minutes import CLOCKS_AGREE
from analytics.counting.rebuild_counts import rebuild_counts
from analytics.ingestion.store_events import store_events
from analytics.models import DAY_COUNTS, DIRTY_MINUTES, EVENTS, FAILED_MINUTES, MINUTE_COUNTS
from chassis.core.clock import utc_now
from chassis.mongodb.database import Document, MotorDatabase
from tests.analytics.counted import days, minutes, model
from tests.analytics.counting import NOON, event, sale, store_without_counts
from tests.analytics.counting_steps import (
    COUNTING,
    DAY,
    LONG,
    LONG_AGO,
    MINUTE,
    MOMENT,
    PAUSES,
    Batch,
    assert_counted,
    batches,
    clocks,
    count,
    make_batch,
    recount_a_minute,
    steps,
)
from tests.support.often import times


@dataclass
class Clock:
    """A clock of several machines, which differ by less than ``CLOCKS_AGREE``."""

    now: datetime = field(default_factory=utc_now)
    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        """Return the time of the machine whose process takes a step."""
        return self.now + self.ahead


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock by which batches are marked, counted and recounted."""
    clock = Clock()
    for module in (aggregate_dirty_minutes, dirty_minutes, recount):
        monkeypatch.setattr(module, "utc_now", clock)
    return clock


@settings(max_examples=times(25), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=batches, clocks=clocks, steps=steps)
async def test_counts_are_those_of_the_events_in_whatever_order_steps_are_taken(
    database: MotorDatabase,
    clock: Clock,
    batches: list[list[tuple[int, int]]],
    clocks: list[int],
    steps: list[int | str],
) -> None:
    """Each event counts once: late, repeated, of a dead process or of one that was taken for dead, recounted or not."""
    for name in (EVENTS, MINUTE_COUNTS, DAY_COUNTS, DIRTY_MINUTES, FAILED_MINUTES):
        await database[name].delete_many({})
    running = [make_batch(moments) for moments in batches]
    for step in steps:
        if isinstance(step, int):
            clock.ahead = timedelta(seconds=clocks[step])
            await running[step].go_on(database)
            clock.ahead = timedelta()
        elif step in COUNTING:
            await COUNTING[step](database)
        else:
            clock.now += PAUSES[step]

    for batch in running:
        await batch.go_on_if_taken_for_dead(database)
    clock.now += 2 * LONG  # the others have died
    await count(database)
    await assert_counted(database)


async def test_batches_that_are_stored_counted_and_rebuilt_at_once_count_once(database: MotorDatabase) -> None:
    """Several processes store, count and rebuild concurrently."""

    async def store(n: int) -> None:
        for at in range(4):
            await store_events(database, [event(NOON + at * MINUTE), sale(n, at=NOON)])
            if n % 3 == 0:
                await store_without_counts(database, [event(NOON + at * MINUTE)])

    async def repeat(work: Callable[[MotorDatabase], Awaitable[object]]) -> None:
        for _ in range(4):
            await work(database)

    await asyncio.gather(*map(store, range(6)), repeat(count), repeat(count), repeat(rebuild_counts))
    await count(database)

    assert await database[EVENTS].count_documents({}) == 6 * 4 * 2 + 2 * 4
    await assert_counted(database)


async def test_a_batch_that_was_stored_whole_is_counted_without_reading_events(
    database: MotorDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch that was stored whole is counted without a recount; a repeated event in it does not count."""
    first, second = event(), event()

    async def refuse(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr("analytics.counting.count_span.recount", refuse)
    await store_events(database, [first])
    await count(database)
    await store_events(database, [first, second, second])
    await count(database)

    assert await minutes(database) == model([first, second], MINUTE)
    assert await days(database) == model([first, second], DAY)


async def test_counts_that_cannot_be_added_are_recounted(
    database: MotorDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sum beyond 64 bits holds up only its own minute: the other events are counted in the same round."""
    monkeypatch.setattr(aggregate_dirty_minutes, "MOST_COUNTS", 1)
    beside = event(NOON + timedelta(hours=3))
    for events in ([sale(2**62)], [beside], [sale(2**62), event(NOON + MINUTE)]):
        await store_events(database, events)

    await count(database)

    counted = await minutes(database)
    assert counted[NOON + timedelta(hours=3), "page.viewed"] == (1, {})
    assert counted[NOON + MINUTE, "page.viewed"] == (1, {})
    assert await database[DIRTY_MINUTES].count_documents({}) == 0


async def test_many_marks_are_counted_in_several_transactions(
    database: MotorDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each portion has about so many counts, and every mark is in one."""
    sizes: list[int] = []

    async def add(database: MotorDatabase, marks: list[Document]) -> None:
        sizes.append(len(marks))
        await added_counts.add_counts(database, marks)

    monkeypatch.setattr(aggregate_dirty_minutes, "MOST_COUNTS", 3)
    monkeypatch.setattr(aggregate_dirty_minutes, "add_counts", add)
    for n in range(5):
        await store_events(database, [event(NOON + n * MINUTE), event(NOON + n * MINUTE, "b")])

    await count(database)

    assert sizes == [2, 2, 1]
    await assert_counted(database)


async def test_a_mark_keeps_only_the_minutes_that_a_recount_may_have_read(
    database: MotorDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The counts of its other minutes are added, so that recounting does not spread to them."""
    batch = Batch([event(), event(NOON + MINUTE)])
    await batch.go_on(database)
    await batch.go_on(database)
    await recount_a_minute(database)
    await batch.go_on(database)

    recounted = await _count_and_note_recounts(database, monkeypatch)

    assert recounted == [NOON]
    await assert_counted(database)


async def _count_and_note_recounts(database: MotorDatabase, monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """Count; returns the beginnings of the spans that were recounted."""
    recounted: list[datetime] = []
    original = recount.recount

    async def note(database: MotorDatabase, span: recount.Span) -> None:
        recounted.append(span.start)
        await original(database, span)

    monkeypatch.setattr("analytics.counting.count_span.recount", note)
    await count(database)
    return recounted


@pytest.mark.parametrize(
    ("at", "beside"), [(NOON, NOON), (LONG_AGO + MINUTE, LONG_AGO)], ids=["minute", "quarter hour"]
)
@pytest.mark.parametrize("ahead", [-9, 9])
async def test_what_a_recount_has_read_is_not_added_however_late_its_batch_is_completed(
    database: MotorDatabase, clock: Clock, at: datetime, beside: datetime, ahead: int
) -> None:
    """The count keeps the time of the recount, also when it grows; long ago it is that of the quarter hour."""
    batch = Batch([event(at)])
    clock.ahead = timedelta(seconds=ahead)
    await batch.go_on(database)
    await batch.go_on(database)
    clock.ahead = timedelta()
    await recount.recount(database, recount.Span(beside, beside + MINUTE))
    clock.now += CLOCKS_AGREE + timedelta(seconds=1)
    await store_events(database, [event(at)])
    await count(database)
    await batch.go_on(database)
    clock.now += LONG

    await count(database)

    await assert_counted(database)


async def test_a_mark_that_another_process_has_counted_is_skipped(database: MotorDatabase) -> None:
    """Whatever is left of it: nothing, or minutes to recount."""
    whole, doubtful = Batch([event()]), Batch([event(), event(NOON + MINUTE)])
    for batch in (whole, doubtful):
        await batch.go_on(database)
        await batch.go_on(database)
    await recount.recount(database, recount.Span(NOON + MINUTE, NOON + 2 * MINUTE))
    for batch in (whole, doubtful):
        await batch.go_on(database)
    marks = [mark async for mark in database[DIRTY_MINUTES].find()]

    for _ in range(2):
        await added_counts.add_counts(database, marks)

    await count(database)
    await assert_counted(database)


@pytest.mark.parametrize("at", [NOON, LONG_AGO], ids=["minute", "quarter hour"])
async def test_a_batch_is_added_to_counts_that_were_recounted_before_it_began(
    database: MotorDatabase, clock: Clock, monkeypatch: pytest.MonkeyPatch, at: datetime
) -> None:
    """One recount does not make all later events of its minute be recounted."""
    await store_without_counts(database, [event(at)])
    clock.now += MOMENT
    await count(database)
    clock.now += LONG
    await store_events(database, [event(at)])

    assert await _count_and_note_recounts(database, monkeypatch) == []
    await assert_counted(database)


@pytest.mark.parametrize("at", [NOON, LONG_AGO], ids=["minute", "quarter hour"])
async def test_nothing_is_added_to_counts_of_a_version_that_only_recounts(
    database: MotorDatabase, clock: Clock, at: datetime
) -> None:
    """During an update such a version may have read the events of any batch; its counts have no time of a recount."""
    await store_events(database, [event(at)])
    await count(database)
    clock.now += LONG
    await store_events(database, [event(at)])
    for name, field_of_time in ((MINUTE_COUNTS, "recounted_at"), (DAY_COUNTS, "quarters.48.recounted_at")):
        await database[name].update_many({}, {"$inc": {"count": 1}, "$unset": {field_of_time: True}})

    await count(database)

    await assert_counted(database)


@pytest.mark.parametrize("at", [NOON, LONG_AGO], ids=["minute", "quarter hour"])
async def test_counts_that_are_added_while_a_recount_reads_are_not_lost(
    database: MotorDatabase, monkeypatch: pytest.MonkeyPatch, at: datetime
) -> None:
    """Both write the same counts, so the recount begins again, with the new events."""
    await store_events(database, [event(at)])
    await count(database)
    original = recount._count_events  # noqa: SLF001 - the moment between reading and writing

    async def read_just_before(*arguments: Any) -> object:  # noqa: ANN401
        monkeypatch.setattr(recount, "_count_events", original)
        counted = await original(*arguments)
        await store_events(database, [event(at)])
        await count(database)
        return counted

    monkeypatch.setattr(recount, "_count_events", read_just_before)
    await recount.recount(database, recount.Span(at, at + MINUTE))

    await assert_counted(database)
