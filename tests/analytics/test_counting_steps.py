"""
Counts while batches are on their way: every order of the steps of several processes.

A batch is stored in three steps: its mark, its events, its completion. Between any two of them, of any batches, events
may be counted or recounted, a process may die, or be taken for dead and go on.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics.counting import added_counts, aggregate_dirty_minutes, recount
from analytics.counting.added_counts import counts_of
from analytics.counting.counts import floor
from analytics.counting.dirty_minutes import mark_complete, mark_dirty
from analytics.counting.final_counts import PART
from analytics.counting.rebuild_counts import rebuild_counts
from analytics.ingestion.store_events import store_events
from analytics.models import DAY_COUNTS, DIRTY_MINUTES, EVENTS, FAILED_MINUTES, MINUTE_COUNTS, RECOUNTS
from chassis.core.clock import utc_now
from chassis.mongodb.database import Document, MotorDatabase
from cli.checks.counts import miscounted
from tests.analytics.counted import days, minutes, model
from tests.analytics.counting import NOON, event, sale, store_without_counts
from tests.support.often import times

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
LONG_AGO = NOON - timedelta(days=3000)
"""Counted by quarter hours."""
PLACES = (NOON, NOON + MINUTE, NOON + 2 * MINUTE, NOON + timedelta(hours=7), LONG_AGO, LONG_AGO + MINUTE)
Step = Callable[[MotorDatabase], Awaitable[None]]


@dataclass
class Batch:
    """A batch that is stored step by step; its process may stop after each of them."""

    documents: list[Document]
    steps: list[Step] = field(init=False)

    def __post_init__(self) -> None:
        self.steps = [self._mark, self._insert, self._complete]

    async def go_on(self, database: MotorDatabase) -> None:
        """Take the next step, if there is one."""
        if self.steps:
            await self.steps.pop(0)(database)

    async def go_on_if_taken_for_dead(self, database: MotorDatabase) -> None:
        """Complete a batch without a mark: no process begins to store events so late, and then dies too."""
        if len(self.steps) == 1 and not await database[DIRTY_MINUTES].find_one({"_id": self.mark["_id"]}):
            await self.go_on(database)

    async def _mark(self, database: MotorDatabase) -> None:
        self.mark = await mark_dirty(database, self.documents)

    async def _insert(self, database: MotorDatabase) -> None:
        known = {row["_id"] async for row in database[EVENTS].find({}, {"_id": 1})}
        self.added = [one for one in self.documents if one["_id"] not in known]
        if self.added:
            await database[EVENTS].insert_many(self.added)

    async def _complete(self, database: MotorDatabase) -> None:
        await mark_complete(database, self.mark, counts_of(self.added))


async def count(database: MotorDatabase) -> None:
    """Count what is complete."""
    await aggregate_dirty_minutes.aggregate_dirty_minutes(database)


async def assert_counted(database: MotorDatabase) -> None:
    """Check that every stored event is counted, and that nothing is left to be done."""
    stored = [one async for one in database[EVENTS].find()]
    by_minute = [one for one in stored if one["occurred_at"] > NOON - DAY]
    assert await minutes(database) == model(by_minute, MINUTE)
    assert await days(database) == model(stored, DAY)
    assert await miscounted(database) == []
    for name in (DIRTY_MINUTES, RECOUNTS, FAILED_MINUTES):
        assert await database[name].count_documents({}) == 0


async def recount_parts(database: MotorDatabase) -> None:
    """Recount the parts of days with events, as a rebuild does, but not the years between them."""
    for start in {floor(place, PART) for place in PLACES}:
        await recount.recount(database, recount.Span(start, start + PART))


def make_batch(moments: list[tuple[int, int]]) -> Batch:
    """Make a batch of events, each with a number and its place among a few moments."""
    return Batch([sale(n + 1, "E.$" if n % 2 else "EUR", at=PLACES[at]) | {"_id": str(n)} for n, at in moments])


batches = st.lists(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 5)), min_size=1, max_size=4, unique_by=lambda one: one[0]),
    min_size=4,
    max_size=4,
)
steps = st.lists(
    st.one_of(st.integers(0, 3), st.sampled_from(["count", "rebuild", "recount", "takes for dead"])), max_size=24
)


@settings(max_examples=times(25), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=batches, steps=steps)
async def test_counts_are_those_of_the_events_in_whatever_order_steps_are_taken(
    database: MotorDatabase, batches: list[list[tuple[int, int]]], steps: list[int | str]
) -> None:
    """Each event counts once: late, repeated, of a dead process or of one that was taken for dead, recounted or not."""
    for name in (EVENTS, MINUTE_COUNTS, DAY_COUNTS, DIRTY_MINUTES, RECOUNTS, FAILED_MINUTES):
        await database[name].delete_many({})
    running = [make_batch(moments) for moments in batches]
    for step in steps:
        if isinstance(step, int):
            await running[step].go_on(database)
        elif step == "count":
            await count(database)
        elif step == "rebuild":
            await recount_parts(database)
        elif step == "recount":
            await recount.recount(database, recount.Span(NOON, NOON + MINUTE))
        else:
            await database[DIRTY_MINUTES].update_many({}, {"$set": {"settled_at": utc_now()}})

    for batch in running:
        await batch.go_on_if_taken_for_dead(database)
    await database[DIRTY_MINUTES].update_many({}, {"$set": {"settled_at": utc_now()}})  # the others have died
    for _ in range(2):  # the first leaves what a recount has seen to be recounted
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
    for _ in range(2):
        await count(database)

    assert await database[EVENTS].count_documents({}) == 6 * 4 * 2 + 2 * 4
    await assert_counted(database)


async def test_counts_that_are_already_stored_are_not_read_from_events(
    database: MotorDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch that was stored whole is counted without a recount; a repeated event in it does not count."""
    first, second = event(), event()
    await store_events(database, [first])
    await store_events(database, [first, second, second])

    async def refuse(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr("analytics.counting.count_span.recount", refuse)
    await count(database)

    assert await minutes(database) == model([first, second], MINUTE)
    assert await days(database) == model([first, second], DAY)


async def test_counts_that_cannot_be_added_are_recounted(
    database: MotorDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sum beyond 64 bits holds up only its own minute: the other events are counted in the same round."""
    monkeypatch.setattr(added_counts, "MOST_COUNTS", 1)
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

    monkeypatch.setattr(added_counts, "MOST_COUNTS", 3)
    monkeypatch.setattr(aggregate_dirty_minutes, "add_counts", add)
    for n in range(5):
        await store_events(database, [event(NOON + n * MINUTE), event(NOON + n * MINUTE, "b")])

    await count(database)

    assert sizes == [2, 2, 1]
    await assert_counted(database)


async def test_a_mark_keeps_only_the_minutes_that_a_recount_has_seen(
    database: MotorDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The counts of its other minutes are added, so that recounting does not spread to them."""
    batch = Batch([event(), event(NOON + MINUTE)])
    await batch.go_on(database)
    await batch.go_on(database)
    await recount.recount(database, recount.Span(NOON, NOON + MINUTE))
    await batch.go_on(database)
    recounted: list[datetime] = []
    original = recount.recount

    async def note(database: MotorDatabase, span: recount.Span) -> None:
        recounted.append(span.start)
        await original(database, span)

    monkeypatch.setattr("analytics.counting.count_span.recount", note)
    await count(database)

    assert recounted == [NOON]
    await assert_counted(database)


@pytest.mark.parametrize(
    ("at", "beside"), [(NOON, NOON), (LONG_AGO + MINUTE, LONG_AGO)], ids=["minute", "quarter hour"]
)
async def test_what_a_recount_has_seen_is_not_added_however_late_its_batch_is_completed(
    database: MotorDatabase, at: datetime, beside: datetime
) -> None:
    """The recount is remembered while its marks wait; one of long ago has seen the whole quarter hour."""
    batch = Batch([event(at)])
    await batch.go_on(database)
    await batch.go_on(database)
    await recount.recount(database, recount.Span(beside, beside + MINUTE))
    await count(database)
    await batch.go_on(database)

    for _ in range(2):
        await count(database)

    await assert_counted(database)
