"""Counting the events of marked batches (docs/decisions/0017-counts.md)."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from datetime import datetime

import structlog
from bson import ObjectId
from pymongo import DeleteOne, UpdateOne

from analytics.counting.added_counts import add_counts
from analytics.counting.count_span import UNCOUNTABLE, count_span
from analytics.counting.counts import HOUR, MINUTE, floor
from analytics.counting.recount import Span
from analytics.models import DIRTY_MINUTES, FAILED_MINUTES
from chassis.core.clock import utc_now
from chassis.mongodb.database import Document, MotorCursor, MotorDatabase

log = structlog.get_logger(__name__)

MOST_DIRTY_MINUTES = 1000
"""So many are counted at a time."""
MOST_COUNTS = 2000
"""So many counts of marks are added in one transaction, and those of one mark more."""
_BATCH = 100
"""Marks that are read at a time: those with counts are large."""
_MOST_RUNS = 10
"""An hour with more separate runs of minutes is counted as a whole: that is one transaction."""


async def anything_to_count(database: MotorDatabase) -> bool:
    """Whether there are complete marks, or failed minutes that are due again: one read, cheaper than a lease."""
    now = utc_now()
    failed = {"coll": FAILED_MINUTES, "pipeline": [{"$match": {"retry_at": {"$lte": now}}}, {"$limit": 1}]}
    pipeline: list[Document] = [{"$match": {"settled_at": {"$lte": now}}}, {"$limit": 1}, {"$unionWith": failed}]
    return bool(await database[DIRTY_MINUTES].aggregate([*pipeline, {"$project": {"_id": 1}}]).to_list(1))


async def aggregate_dirty_minutes(database: MotorDatabase) -> int:
    """
    Count the events of complete marks, and failed minutes that are due again; returns the number of marks.

    The counts in a mark are added; the minutes of marks without counts, whose process died or which a recount has seen,
    are recounted. If it is interrupted, the marks that were not counted are still stored.
    """
    now = utc_now()
    complete = database[DIRTY_MINUTES].find({"settled_at": {"$lte": now}}, batch_size=_BATCH).sort("settled_at")
    mark_ids: list[ObjectId] = []
    async for marks in _portions(complete.limit(MOST_DIRTY_MINUTES)):
        await _add(database, [mark for mark in marks if "counts" in mark])
        mark_ids += [mark["_id"] for mark in marks]
    await _recount(database, mark_ids, now)
    return len(mark_ids)


async def _portions(marks: MotorCursor) -> AsyncIterator[list[Document]]:
    """Split marks into portions, each of which is counted in one transaction."""
    portion: list[Document] = []
    size = 0
    async for mark in marks:
        portion.append(mark)
        size += len(mark.get("counts", ()))
        if size >= MOST_COUNTS:
            yield portion
            portion, size = [], 0
    yield portion


async def _add(database: MotorDatabase, marks: Sequence[Document]) -> None:
    """Add the counts of marks; if that fails, leave their minutes to be recounted, in parts if need be."""
    try:
        if marks:
            await add_counts(database, marks)
    except UNCOUNTABLE as error:
        log.warning("counts not added, their minutes are recounted", marks=len(marks), error=type(error).__name__)
        ids = {"_id": {"$in": [mark["_id"] for mark in marks]}}
        await database[DIRTY_MINUTES].update_many(ids, {"$unset": {"counts": True}})


async def _recount(database: MotorDatabase, mark_ids: Sequence[ObjectId], now: datetime) -> None:
    """
    Recount the minutes of the marks without counts, and failed minutes that are due.

    The latest hours come first, so that what takes long or fails does not hold up the present.
    """
    without = {"_id": {"$in": mark_ids}, "settled_at": {"$lte": now}, "counts": {"$exists": False}}
    marks = [mark async for mark in database[DIRTY_MINUTES].find(without)]
    failed = [row async for row in database[FAILED_MINUTES].find()]
    due = [row for row in failed if row["retry_at"] <= now]
    dirty = {minute for mark in marks for minute in mark["minutes"]}
    waiting = {row["_id"] for row in failed} - {row["_id"] for row in due}

    await _mark_failed_dirty(database, dirty & waiting)
    for span in spans((dirty | {row["_id"] for row in due}) - waiting):
        await count_span(database, span)
    await _delete(database, FAILED_MINUTES, due)
    await _delete(database, DIRTY_MINUTES, marks)


async def _mark_failed_dirty(database: MotorDatabase, minutes: Iterable[datetime]) -> None:
    """Have minutes counted when their time has come, also if another process is just counting them, and succeeds."""
    changes = [
        UpdateOne(
            {"_id": minute},
            {"$set": {"changed": ObjectId()}, "$setOnInsert": {"failures": 0, "retry_at": utc_now()}},
            upsert=True,
        )
        for minute in minutes
    ]
    if changes:
        await database[FAILED_MINUTES].bulk_write(changes, ordered=False)


async def _delete(database: MotorDatabase, collection: str, counted: Sequence[Document]) -> None:
    """Delete what was counted, but for what has changed since it was read: there is more to count of it."""
    if counted:
        await database[collection].bulk_write([DeleteOne(one) for one in counted], ordered=False)


def spans(minutes: Iterable[datetime]) -> Iterator[Span]:
    """Join minutes to spans, none of which is longer than an hour; the latest hour comes first."""
    hours: defaultdict[datetime, set[datetime]] = defaultdict(set)
    for minute in minutes:
        hours[floor(minute, HOUR)].add(minute)
    for hour in sorted(hours, reverse=True):
        runs = list(_runs(sorted(hours[hour])))
        yield from runs if len(runs) <= _MOST_RUNS else [Span(runs[0].start, runs[-1].end)]


def _runs(minutes: Iterable[datetime]) -> Iterator[Span]:
    """Join minutes that follow each other."""
    start = end = None
    for minute in minutes:
        if minute != end:
            if start and end:
                yield Span(start, end)
            start = minute
        end = minute + MINUTE
    if start and end:
        yield Span(start, end)
