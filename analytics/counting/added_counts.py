"""Adding the counts of complete marks to the stored counts (docs/decisions/0017-counts.md)."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from pymongo import ReplaceOne

from analytics.counting.counts import DAY, MINUTE, Count, floor, quarter_of
from analytics.counting.dirty_minutes import CLOCKS_AGREE
from analytics.counting.record_user_days import record_days_of
from analytics.models import DAY_COUNTS, DIRTY_MINUTES, MINUTE_COUNTS
from analytics.retention import grain_at
from chassis.mongodb.database import Document, MotorDatabase, MotorSession, in_transaction

_UNKNOWN = datetime.max.replace(tzinfo=UTC)
"""When a count was recounted by a version that did not store the time."""
_NONE: Document = {"count": 0, "recounted_at": None}
_NONE_OF_MINUTES: Document = {"count": 0}
"""A new count, and that of a quarter hour whose minutes are counted separately."""

Key = tuple[datetime, str]
"""A minute or a day, and a type."""


class Stored(NamedTuple):
    """The stored counts of some minutes, and of their days."""

    minutes: Mapping[Key, Document]
    days: Mapping[Key, Document]

    def finest(self, minute: datetime, kind: str) -> Document | None:
        """Return the count of a minute, or of its quarter hour if the minute is long ago; None if there is none."""
        if grain_at(minute) == MINUTE:
            return self.minutes.get((minute, kind))
        day = self.days.get((floor(minute, DAY), kind))
        return day and day["quarters"].get(quarter_of(minute))


async def add_counts(database: MotorDatabase, marks: Sequence[Document]) -> None:
    """
    Add the counts of complete marks to the stored counts, and delete the marks, in one transaction.

    What a recount may have read is not added: a mark with such minutes stays, with these minutes and without counts,
    so that they are recounted. A mark that another process has counted is skipped. People's days are facts, which may
    be recorded twice: they are recorded before the marks are deleted.
    """
    await record_days_of(database, [one for mark in marks for one in mark["counts"]])

    async def add(session: MotorSession) -> None:
        waiting = await _still_waiting(database, session, marks)
        stored = await _read_stored(database, session, [one for mark in waiting for one in mark["counts"]])
        doubtful = {mark["_id"]: _doubtful_minutes(mark, stored) for mark in waiting}
        sure = [one for mark in waiting for one in mark["counts"] if one["minute"] not in doubtful[mark["_id"]]]
        await _add_to_minutes(database, session, stored, sure)
        await _add_to_days(database, session, stored, sure)
        await _settle(database, session, doubtful)

    await in_transaction(database, add)


async def _still_waiting(
    database: MotorDatabase, session: MotorSession, marks: Sequence[Document]
) -> Sequence[Document]:
    which = {"_id": {"$in": [mark["_id"] for mark in marks]}, "counts": {"$exists": True}}
    waiting = {mark["_id"] async for mark in database[DIRTY_MINUTES].find(which, {"_id": 1}, session=session)}
    return [mark for mark in marks if mark["_id"] in waiting]


async def _read_stored(database: MotorDatabase, session: MotorSession, counts: Iterable[Document]) -> Stored:
    minutes = {one["minute"] for one in counts}
    days = {floor(minute, DAY) for minute in minutes}
    return Stored(
        await _read(database, session, MINUTE_COUNTS, "minute", minutes),
        await _read(database, session, DAY_COUNTS, "day", days),
    )


async def _read(
    database: MotorDatabase, session: MotorSession, collection: str, unit: str, times: Iterable[datetime]
) -> Mapping[Key, Document]:
    rows = database[collection].find({unit: {"$in": list(times)}}, {"_id": 0}, session=session)
    return {(row[unit], row["type"]): row async for row in rows}


def _doubtful_minutes(mark: Document, stored: Stored) -> Collection[datetime]:
    """Return the minutes of a mark whose stored counts were computed when some of its events may have been stored."""
    latest = mark["begun_at"] - CLOCKS_AGREE
    return {
        one["minute"]
        for one in mark["counts"]
        if (count := stored.finest(one["minute"], one["type"]))
        and (recounted_at := count.get("recounted_at", _UNKNOWN))
        and recounted_at >= latest
    }


async def _add_to_minutes(
    database: MotorDatabase, session: MotorSession, stored: Stored, counts: Iterable[Document]
) -> None:
    added: defaultdict[Key, Count] = defaultdict(Count)
    for one in counts:
        if grain_at(one["minute"]) == MINUTE:
            added[one["minute"], one["type"]].add(one["count"], one.get("revenue", {}))
    writes = []
    for key, count in added.items():
        which = {"minute": key[0], "type": key[1]}
        writes.append(ReplaceOne(which, {**which, **_sum(stored.minutes.get(key, _NONE), count)}, upsert=True))
    if writes:
        await database[MINUTE_COUNTS].bulk_write(writes, ordered=False, session=session)


async def _add_to_days(
    database: MotorDatabase, session: MotorSession, stored: Stored, counts: Iterable[Document]
) -> None:
    added: defaultdict[Key, defaultdict[str, Count]] = defaultdict(lambda: defaultdict(Count))
    for one in counts:
        day = added[floor(one["minute"], DAY), one["type"]]
        day[quarter_of(one["minute"])].add(one["count"], one.get("revenue", {}))
    writes = []
    for key, quarters in added.items():
        before = stored.days[key]["quarters"] if key in stored.days else {}
        new = _NONE_OF_MINUTES if grain_at(key[0]) == MINUTE else _NONE
        after = {**before, **{name: _sum(before.get(name, new), count) for name, count in quarters.items()}}
        which = {"day": key[0], "type": key[1]}
        total = Count.total(after.values()).as_document()
        writes.append(ReplaceOne(which, {**which, **total, "quarters": after}, upsert=True))
    if writes:
        await database[DAY_COUNTS].bulk_write(writes, ordered=False, session=session)


def _sum(stored: Document, added: Count) -> Document:
    """Add to a stored count, which keeps the time when it was recounted."""
    return {**stored, **Count.total([stored, added.as_document()]).as_document()}


async def _settle(
    database: MotorDatabase, session: MotorSession, doubtful: Mapping[object, Collection[datetime]]
) -> None:
    """Delete marks; those with doubtful minutes stay with these alone, to be recounted."""
    for mark_id, minutes in doubtful.items():
        if minutes:
            left = {"$set": {"minutes": sorted(minutes)}, "$unset": {"counts": True}}
            await database[DIRTY_MINUTES].update_one({"_id": mark_id}, left, session=session)
    counted = [mark_id for mark_id, minutes in doubtful.items() if not minutes]
    if counted:
        await database[DIRTY_MINUTES].delete_many({"_id": {"$in": counted}}, session=session)
