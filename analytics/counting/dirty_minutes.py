"""
The marks of batches, and what each of them proves (docs/decisions/0017-counts.md).

A process marks the minutes of events as dirty before it stores the events, and marks them complete afterwards, with the
counts of the events that it added. These counts are added to the stored ones in the transaction that deletes the mark.
If the second step never comes, because the process died, the minutes are counted anew when the events have either been
stored or never will be. So no event is stored without being counted afterwards.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from bson import ObjectId
from pymongo import WriteConcern

from analytics.counting.batch_counts import minutes_of
from analytics.models import DIRTY_MINUTES
from chassis.core.clock import utc_now
from chassis.mongodb.database import Document, MotorDatabase

LONGEST_STORING_S = 8.0
"""How long storing a batch may take, seconds."""
CLOCKS_AGREE = timedelta(seconds=10)
"""The clocks of the services' machines differ by less than this."""
_NEVER_COMPLETED = timedelta(seconds=LONGEST_STORING_S) + CLOCKS_AGREE + timedelta(seconds=2)
"""After this no process stores events under the mark."""
_ON_ONE = WriteConcern(w=1)
"""One acknowledgement is enough: a mark whose completion is lost is recounted when its time is over."""


async def mark_dirty(database: MotorDatabase, documents: Iterable[Document]) -> Document:
    """Mark the minutes of events that are about to be stored; returns the mark for ``mark_complete``."""
    now = utc_now()
    times = {"begun_at": now, "settled_at": now + _NEVER_COMPLETED}
    mark: Document = {"_id": ObjectId(), "minutes": minutes_of(documents), **times}
    await database[DIRTY_MINUTES].insert_one(mark)
    return mark


async def mark_complete(database: MotorDatabase, mark: Document, counts: Sequence[Document]) -> None:
    """
    Mark them complete: the events are stored.

    A mark that was counted as abandoned meanwhile is stored again, without counts: some of its events may be counted.

    Args:
        counts: Of the events that were added, without duplicates (``batch_counts.counts_of``).
    """
    marks, settled = database[DIRTY_MINUTES], {"settled_at": utc_now()}
    complete = {"$set": {**settled, "counts": counts}}
    result = await marks.with_options(write_concern=_ON_ONE).update_one({"_id": mark["_id"]}, complete)
    if not result.matched_count:
        await marks.insert_one({**mark, **settled})
