"""Recounting the events of a span of time."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pymongo import DeleteOne, ReplaceOne

from analytics.counting.counts import DAY, MINUTE, QUARTER, Count, floor, quarter_of
from analytics.counting.final_counts import not_final
from analytics.counting.record_user_days import record_user_days
from analytics.models import DAY_COUNTS, EVENTS, MINUTE_COUNTS
from analytics.retention import grain_at
from chassis.core.clock import utc_now
from chassis.mongodb.database import Document, MotorDatabase, MotorSession, in_transaction


@dataclass(frozen=True, slots=True)
class Span:
    """Whole minutes of one part of a UTC day (``final_counts.PART``), half-open."""

    start: datetime
    end: datetime

    @property
    def day(self) -> datetime:
        """The UTC day of the span."""
        return floor(self.start, DAY)

    @property
    def quarters(self) -> "Span":
        """The span extended to whole quarter hours."""
        return Span(floor(self.start, QUARTER), floor(self.end - MINUTE, QUARTER) + QUARTER)

    @property
    def names(self) -> set[str]:
        """The names of its quarter hours."""
        return {quarter_of(self.start + n * QUARTER) for n in range((self.end - self.start) // QUARTER)}

    def halves(self, grain: timedelta) -> "list[Span]":
        """Return both halves, in whole units of *grain*; none if the span is not longer than one unit."""
        middle = self.start + (self.end - self.start) // grain // 2 * grain
        return [Span(self.start, middle), Span(middle, self.end)] if middle > self.start else []

    def holds(self, name: str) -> Document:
        """Return the condition that the time *name* is in the span."""
        return {name: {"$gte": self.start, "$lt": self.end}}


async def recount(database: MotorDatabase, span: Span) -> None:
    """
    Count the events of a span, and replace the stored counts that are not final.

    The counts keep the time, so that events which it may have read are not added to them (``added_counts``).
    Repeating it, or running it twice at once, has the same effect: it reads one snapshot, and if two transactions write
    the same counts, MongoDB restarts one. For a span of long ago (``grain_at``) whole quarter hours are counted,
    because their minutes are deleted.
    """
    has_minutes = grain_at(span.start) == MINUTE
    counted = span if has_minutes else span.quarters

    async def count(session: MotorSession) -> None:
        which = await not_final(database, counted.start, session)
        minutes = await _count_events(database, session, counted, which)
        recounted = {"recounted_at": utc_now()}  # not before the snapshot
        if has_minutes:
            new = [{**minute, **recounted} for minute in minutes]
            quarters = _by_quarter(await _replace_minutes(database, session, counted, which, new), {})
        else:
            quarters = _by_quarter(minutes, recounted)
        await _count_day(database, session, counted.quarters, which, quarters)

    await in_transaction(database, count)
    await record_user_days(database, counted.day, counted.holds("occurred_at"))


async def _count_events(
    database: MotorDatabase, session: MotorSession, span: Span, which: Document
) -> Sequence[Document]:
    """Return the counts of the minutes of a span, in the stored form."""
    pipeline: list[Document] = [
        {"$match": {**span.holds("occurred_at"), **which}},
        {
            "$group": {
                "_id": {
                    "minute": {"$dateTrunc": {"date": "$occurred_at", "unit": "minute"}},
                    "type": "$type",
                    "currency": "$revenue.currency",
                },
                "count": {"$sum": 1},
                "minor": {"$sum": "$revenue.minor"},
            }
        },
    ]
    counts: defaultdict[tuple[datetime, str], Count] = defaultdict(Count)
    async for row in database[EVENTS].aggregate(pipeline, session=session):
        group = row["_id"]
        revenue = {group["currency"]: row["minor"]} if group.get("currency") else {}
        counts[group["minute"], group["type"]].add(row["count"], revenue)
    return [{"minute": minute, "type": kind, **one.as_document()} for (minute, kind), one in counts.items()]


async def _replace_minutes(
    database: MotorDatabase, session: MotorSession, span: Span, which: Document, minutes: Sequence[Document]
) -> Sequence[Document]:
    """Replace the stored minutes of a span; returns all minutes of the quarter hours that it touches."""
    await database[MINUTE_COUNTS].delete_many({**span.holds("minute"), **which}, session=session)
    if minutes:
        await database[MINUTE_COUNTS].insert_many(minutes, session=session)
    touched = database[MINUTE_COUNTS].find({**span.quarters.holds("minute"), **which}, session=session)
    return [row async for row in touched]


async def _count_day(
    database: MotorDatabase, session: MotorSession, quarters: Span, which: Document, counted: Mapping[str, Document]
) -> None:
    """Replace quarter hours in the counts of their day, by type and name."""
    stored = database[DAY_COUNTS].find({"day": quarters.day, **which}, {"type": 1, "quarters": 1}, session=session)
    before = {row["type"]: row["quarters"] async for row in stored}
    writes = []
    for kind in before.keys() | counted.keys():
        others = {name: one for name, one in before.get(kind, {}).items() if name not in quarters.names}
        after = {**others, **counted.get(kind, {})}
        if after != before.get(kind):
            writes.append(_write_day(quarters.day, kind, after))
    if writes:
        await database[DAY_COUNTS].bulk_write(writes, session=session)


def _by_quarter(minutes: Iterable[Document], more: Document) -> dict[str, Document]:
    """Add up minutes; returns the counts of quarter hours, with *more* fields, by type and name."""
    counts: defaultdict[str, defaultdict[str, Count]] = defaultdict(lambda: defaultdict(Count))
    for row in minutes:
        counts[row["type"]][quarter_of(row["minute"])].add(row["count"], row.get("revenue", {}))
    return {kind: {name: {**one.as_document(), **more} for name, one in day.items()} for kind, day in counts.items()}


def _write_day(day: datetime, kind: str, quarters: dict[str, Document]) -> ReplaceOne[Document] | DeleteOne:
    which = {"day": day, "type": kind}
    if not quarters:
        return DeleteOne(which)
    total = Count.total(quarters.values()).as_document()
    return ReplaceOne(which, {**which, **total, "quarters": quarters}, upsert=True)
