"""
The marks of batches, and what each of them proves (docs/decisions/0017-counts.md).

A process marks the minutes of events as dirty before it stores the events, and marks them complete afterwards, with the
counts of the events that it added. These counts are added to the stored ones in the transaction that deletes the mark.
If the second step never comes, because the process died, the minutes are counted anew when the events have either been
stored or never will be. So no event is stored without being counted afterwards.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from bson import ObjectId
from pymongo import WriteConcern

from analytics.models import DIRTY_MINUTES, RECOUNTS
from chassis.core.clock import utc_now
from chassis.mongodb.database import Document, MotorDatabase, MotorSession

LONGEST_STORING_S = 8.0
"""How long storing a batch may take, seconds."""
_NEVER_COMPLETED = timedelta(seconds=20)
"""After this no process stores events under the mark; the margin covers clocks that differ between machines."""
_ON_ONE = WriteConcern(w=1)
"""One acknowledgement is enough: a mark whose completion is lost is recounted when its time is over."""


async def mark_dirty(database: MotorDatabase, documents: Iterable[Document]) -> Document:
    """Mark the minutes of events that are about to be stored; returns the mark for ``mark_complete``."""
    minutes = sorted({document["occurred_at"].replace(second=0, microsecond=0) for document in documents})
    mark: Document = {"_id": ObjectId(), "minutes": minutes, "settled_at": utc_now() + _NEVER_COMPLETED}
    await database[DIRTY_MINUTES].insert_one(mark)
    return mark


async def mark_complete(database: MotorDatabase, mark: Document, counts: Sequence[Document]) -> None:
    """
    Mark them complete: the events are stored.

    A mark that was counted as abandoned meanwhile is stored again, without counts: some of its events may be counted.

    Args:
        counts: Of the events that were added, without duplicates (``added_counts.counts_of``).
    """
    marks = database[DIRTY_MINUTES].with_options(write_concern=_ON_ONE)
    settled = {"settled_at": utc_now()}
    if not (await marks.update_one({"_id": mark["_id"]}, {"$set": {**settled, "counts": counts}})).matched_count:
        await marks.insert_one({**mark, **settled})


async def doubt_marks(database: MotorDatabase, session: MotorSession, start: datetime, end: datetime) -> None:
    """
    Store which marks a recount of a half-open span sees: their events in the span may be counted by it.

    It is called in the transaction of the recount. An event in its snapshot belongs to a mark in the snapshot, or to
    one that was counted and deleted before. The marks themselves are not changed, because their senders change them.
    """
    overlapping = {"minutes": {"$elemMatch": {"$gte": start, "$lt": end}}}
    seen = [mark["_id"] async for mark in database[DIRTY_MINUTES].find(overlapping, {"_id": 1}, session=session)]
    if seen:
        await database[RECOUNTS].insert_one({"start": start, "end": end, "marks": seen}, session=session)


async def delete_old_recounts(database: MotorDatabase) -> None:
    """Delete the recounts all of whose marks are deleted: no mark comes back with counts."""
    recounts = [recount async for recount in database[RECOUNTS].find()]
    seen = list({mark for recount in recounts for mark in recount["marks"]})
    if recounts:
        waiting = set(await database[DIRTY_MINUTES].distinct("_id", {"_id": {"$in": seen}}))
        old = [recount["_id"] for recount in recounts if waiting.isdisjoint(recount["marks"])]
        await database[RECOUNTS].delete_many({"_id": {"$in": old}})
