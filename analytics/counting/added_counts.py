"""Adding the counts of complete marks to the stored counts (docs/decisions/0017-counts.md)."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from pymongo import ReplaceOne

from analytics.counting.counts import DAY, MINUTE, Count, floor, quarter_of
from analytics.counting.record_user_days import record_days_of
from analytics.models import DAY_COUNTS, DIRTY_MINUTES, MINUTE_COUNTS, RECOUNTS
from analytics.retention import grain_at
from chassis.mongodb.database import Document, MotorDatabase, MotorSession, in_transaction

MOST_COUNTS = 2000
"""So many counts of marks are added in one transaction, and those of one mark more."""

_Key = tuple[datetime, str]
"""A minute or a day, and a type."""


def counts_of(documents: Iterable[Document]) -> list[Document]:
    """Return the counts of events by minute and type, in the stored form, each with the people of its events."""
    counts: defaultdict[_Key, Count] = defaultdict(Count)
    people: defaultdict[_Key, set[str]] = defaultdict(set)
    for document in documents:
        key = document["occurred_at"].replace(second=0, microsecond=0), document["type"]
        revenue = document.get("revenue")
        counts[key].add(1, {revenue["currency"]: revenue["minor"]} if revenue and revenue["currency"] else {})
        if document["user_id"] is not None:
            people[key].add(document["user_id"])
    return [
        {"minute": key[0], "type": key[1], "people": list(people[key]), **count.as_document()}
        for key, count in counts.items()
    ]


def in_portions(marks: Iterable[Document]) -> Iterator[list[Document]]:
    """Split marks into portions, each of which is counted in one transaction."""
    portion: list[Document] = []
    size = 0
    for mark in marks:
        portion.append(mark)
        size += len(mark["counts"])
        if size >= MOST_COUNTS:
            yield portion
            portion, size = [], 0
    if portion:
        yield portion


async def add_counts(database: MotorDatabase, marks: Sequence[Document]) -> None:
    """
    Add the counts of complete marks to the stored counts, and delete the marks, in one transaction.

    What a recount may have counted is not added: a mark with such minutes stays, with these minutes and without counts,
    so that they are recounted. A mark that another process has counted is skipped. People's days are facts, which may
    be recorded twice: they are recorded before the marks are deleted.
    """
    await record_days_of(database, [one for mark in marks for one in mark["counts"]])
    ids = {"_id": {"$in": [mark["_id"] for mark in marks]}}

    async def add(session: MotorSession) -> None:
        still = database[DIRTY_MINUTES].find({**ids, "counts": {"$exists": True}}, session=session)
        waiting = [mark async for mark in still]
        doubtful = await _doubtful_minutes(database, session, waiting)
        sure = [one for mark in waiting for one in mark["counts"] if one["minute"] not in doubtful[mark["_id"]]]
        await _add(database, session, sure)
        await _settle(database, session, waiting, doubtful)

    await in_transaction(database, add)


async def _doubtful_minutes(
    database: MotorDatabase, session: MotorSession, marks: Sequence[Document]
) -> Mapping[object, set[datetime]]:
    """Return the minutes of each mark that a recount may have counted."""
    minutes: dict[object, set[datetime]] = {mark["_id"]: set() for mark in marks}
    async for recount in database[RECOUNTS].find({"marks": {"$in": list(minutes)}}, session=session):
        seen = set(recount["marks"])
        for mark in marks:
            if mark["_id"] in seen:
                minutes[mark["_id"]] |= {one for one in mark["minutes"] if recount["start"] <= one < recount["end"]}
    return minutes


async def _settle(
    database: MotorDatabase, session: MotorSession, marks: Sequence[Document], doubtful: Mapping[object, set[datetime]]
) -> None:
    """Delete the marks; those with doubtful minutes stay with these alone, to be recounted."""
    for mark in marks:
        if minutes := sorted(doubtful[mark["_id"]]):
            left = {"$set": {"minutes": minutes}, "$unset": {"counts": True}}
            await database[DIRTY_MINUTES].update_one({"_id": mark["_id"]}, left, session=session)
    counted = [mark["_id"] for mark in marks if not doubtful[mark["_id"]]]
    if counted:
        await database[DIRTY_MINUTES].delete_many({"_id": {"$in": counted}}, session=session)


async def _add(database: MotorDatabase, session: MotorSession, counts: Iterable[Document]) -> None:
    minutes: defaultdict[_Key, Count] = defaultdict(Count)
    days: defaultdict[_Key, defaultdict[str, Count]] = defaultdict(lambda: defaultdict(Count))
    for one in counts:
        minute, kind, revenue = one["minute"], one["type"], one.get("revenue", {})
        days[floor(minute, DAY), kind][quarter_of(minute)].add(one["count"], revenue)
        if grain_at(minute) == MINUTE:
            minutes[minute, kind].add(one["count"], revenue)
    await _add_to_minutes(database, session, minutes)
    await _add_to_days(database, session, days)


async def _add_to_minutes(database: MotorDatabase, session: MotorSession, added: Mapping[_Key, Count]) -> None:
    stored = await _read(database, session, MINUTE_COUNTS, "minute", added)
    writes = []
    for (minute, kind), count in added.items():
        which = {"minute": minute, "type": kind}
        total = _sum(stored.get((minute, kind)), count)
        writes.append(ReplaceOne(which, {**which, **total}, upsert=True))
    if writes:
        await database[MINUTE_COUNTS].bulk_write(writes, ordered=False, session=session)


async def _add_to_days(
    database: MotorDatabase, session: MotorSession, added: Mapping[_Key, Mapping[str, Count]]
) -> None:
    stored = await _read(database, session, DAY_COUNTS, "day", added)
    writes = []
    for (day, kind), counts in added.items():
        which = {"day": day, "type": kind}
        before = stored[day, kind]["quarters"] if (day, kind) in stored else {}
        quarters = {**before, **{name: _sum(before.get(name), count) for name, count in counts.items()}}
        total = Count.total(quarters.values()).as_document()
        writes.append(ReplaceOne(which, {**which, **total, "quarters": quarters}, upsert=True))
    if writes:
        await database[DAY_COUNTS].bulk_write(writes, ordered=False, session=session)


async def _read(
    database: MotorDatabase, session: MotorSession, collection: str, unit: str, keys: Iterable[_Key]
) -> Mapping[_Key, Document]:
    times = list({time for time, _ in keys})
    rows = database[collection].find({unit: {"$in": times}}, session=session)
    return {(row[unit], row["type"]): row async for row in rows}


def _sum(stored: Document | None, added: Count) -> Document:
    return Count.total([*([stored] if stored else []), added.as_document()]).as_document()
