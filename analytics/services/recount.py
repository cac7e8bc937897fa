"""Counting the events of a span of time anew."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from pymongo import DeleteOne, ReplaceOne

from analytics.counts import DAY, MINUTE, QUARTER, Count, floor, quarter_of
from analytics.models import DAY_COUNTS, EVENTS, MINUTE_COUNTS
from analytics.services.note_user_days import note_user_days
from chassis.mongodb import Document, MotorDatabase, MotorSession, in_transaction


@dataclass(frozen=True, slots=True)
class Span:
    """Whole minutes of one UTC day, half-open."""

    start: datetime
    end: datetime

    @property
    def day(self) -> datetime:
        """The day."""
        return floor(self.start, DAY)

    @property
    def quarters(self) -> "Span":
        """The quarter hours that it touches."""
        return Span(floor(self.start, QUARTER), floor(self.end - MINUTE, QUARTER) + QUARTER)

    @property
    def names(self) -> set[str]:
        """The names of its quarter hours."""
        return {quarter_of(self.start + n * QUARTER) for n in range((self.end - self.start) // QUARTER)}

    def holds(self, name: str) -> Document:
        """Give the condition that the time called *name* is in the span."""
        return {name: {"$gte": self.start, "$lt": self.end}}


async def recount(database: MotorDatabase, span: Span, kept: Document) -> None:
    """
    Count the events of a span anew, and put the counts in the place of those that are there.

    Done twice, or by two at once, it has the same effect: it counts what is stored at one moment, and of two that write
    the same counts one begins again.

    Args:
        kept: A condition on ``type`` (``retention.kept``): the counts of others stay, as their events may be gone.
    """

    async def count(session: MotorSession) -> None:
        await _count_minutes(database, session, span, kept)
        await _count_day(database, session, span, kept)

    await in_transaction(database, count)
    await note_user_days(database, span.day, span.holds("occurred_at"))


async def _count_minutes(database: MotorDatabase, session: MotorSession, span: Span, kept: Document) -> None:
    pipeline: list[Document] = [
        {"$match": {**span.holds("occurred_at"), **kept}},
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
    await database[MINUTE_COUNTS].delete_many({**span.holds("minute"), **kept}, session=session)
    if counts:
        documents = [{"minute": minute, "type": kind, **one.as_document()} for (minute, kind), one in counts.items()]
        await database[MINUTE_COUNTS].insert_many(documents, session=session)


async def _count_day(database: MotorDatabase, session: MotorSession, span: Span, kept: Document) -> None:
    """Put the quarter hours of the span, as their minutes say, into the counts of its day."""
    quarters = span.quarters
    minutes = database[MINUTE_COUNTS].find({**quarters.holds("minute"), **kept}, session=session)
    counted = _by_quarter([row async for row in minutes])
    stored = database[DAY_COUNTS].find({"day": span.day, **kept}, {"type": 1, "quarters": 1}, session=session)
    before = {row["type"]: row["quarters"] async for row in stored}
    writes = []
    for kind in before.keys() | counted.keys():
        others = {name: one for name, one in before.get(kind, {}).items() if name not in quarters.names}
        after = {**others, **counted.get(kind, {})}
        if after != before.get(kind):
            writes.append(_write_day(span.day, kind, after))
    if writes:
        await database[DAY_COUNTS].bulk_write(writes, session=session)


def _by_quarter(minutes: Iterable[Document]) -> dict[str, dict[str, Document]]:
    """Add up minutes; gives the counts of quarter hours by type and name."""
    counts: defaultdict[str, defaultdict[str, Count]] = defaultdict(lambda: defaultdict(Count))
    for row in minutes:
        counts[row["type"]][quarter_of(row["minute"])].add(row["count"], row.get("revenue", {}))
    return {kind: {name: one.as_document() for name, one in day.items()} for kind, day in counts.items()}


def _write_day(day: datetime, kind: str, quarters: dict[str, Document]) -> ReplaceOne[Document] | DeleteOne:
    which = {"day": day, "type": kind}
    if not quarters:
        return DeleteOne(which)
    total = Count.total(quarters.values()).as_document()
    return ReplaceOne(which, {**which, **total, "quarters": quarters}, upsert=True)
