"""The steps of counting, which tests take in any order."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta

from hypothesis import strategies as st

from analytics.counting import aggregate_dirty_minutes, recount
from analytics.counting.batch_counts import counts_of
from analytics.counting.counts import floor
from analytics.counting.dirty_minutes import mark_complete, mark_dirty
from analytics.counting.final_counts import PART
from analytics.invariants import miscounted
from analytics.models import DIRTY_MINUTES, EVENTS, FAILED_MINUTES
from chassis.mongodb.database import Document, MotorDatabase
from tests.analytics.counted import days, minutes, model
from tests.analytics.counting import NOON, sale

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
LONG_AGO = NOON - timedelta(days=3000)
"""Counted by quarter hours."""
PLACES = (NOON, NOON + MINUTE, NOON + 2 * MINUTE, NOON + timedelta(hours=7), LONG_AGO, LONG_AGO + MINUTE)
MOMENT, LONG = timedelta(seconds=3), timedelta(seconds=25)
"""A pause that ends before a batch is taken for dead, and one after which it is."""
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
    for name in (DIRTY_MINUTES, FAILED_MINUTES):
        assert await database[name].count_documents({}) == 0


async def recount_parts(database: MotorDatabase) -> None:
    """Recount the parts of days with events, as a rebuild does, but not the years between them."""
    for start in {floor(place, PART) for place in PLACES}:
        await recount.recount(database, recount.Span(start, start + PART))


async def recount_a_minute(database: MotorDatabase) -> None:
    """Recount one minute."""
    await recount.recount(database, recount.Span(NOON, NOON + MINUTE))


COUNTING: dict[str, Step] = {"count": count, "rebuild": recount_parts, "recount": recount_a_minute}
PAUSES = {"a moment": MOMENT, "long": LONG}


def make_batch(moments: list[tuple[int, int]]) -> Batch:
    """Make a batch of events, each with a number and its place among a few moments."""
    return Batch([sale(n + 1, "E.$" if n % 2 else "EUR", at=PLACES[at]) | {"_id": str(n)} for n, at in moments])


batches = st.lists(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 5)), min_size=1, max_size=4, unique_by=lambda one: one[0]),
    min_size=4,
    max_size=4,
)
clocks = st.lists(st.integers(-9, 9), min_size=4, max_size=4)
steps = st.lists(st.one_of(st.integers(0, 3), st.sampled_from([*COUNTING, *PAUSES])), max_size=24)
