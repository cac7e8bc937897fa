"""
Which minutes are to be counted anew (docs/decisions/0017-counts.md).

A process marks the minutes of events as dirty before it stores the events, and marks them complete afterwards. Counting
waits for the second step. If it never comes, because the process died, counting starts when the events have either been
stored or never will be. So no event is stored without being counted afterwards.
"""

from collections.abc import Iterable
from datetime import timedelta

from bson import ObjectId
from pymongo import WriteConcern

from analytics.counting.counts import MINUTE, floor
from analytics.models import DIRTY_MINUTES
from chassis.core.clock import utc_now
from chassis.mongodb.database import Document, MotorDatabase

LONGEST_STORING_S = 8.0
"""How long storing a batch may take, seconds."""
_NEVER_COMPLETED = timedelta(seconds=20)
"""After this no process stores events under the mark; the margin covers clocks that differ between machines."""
_ON_ONE = WriteConcern(w=1)
"""One acknowledgement is enough: a mark that is lost is counted when its time is over."""


async def mark_dirty(database: MotorDatabase, documents: Iterable[Document]) -> Document:
    """Mark the minutes of events that are about to be stored; returns the mark for ``mark_complete``."""
    minutes = sorted({floor(document["occurred_at"], MINUTE) for document in documents})
    mark: Document = {"_id": ObjectId(), "minutes": minutes, "settled_at": utc_now() + _NEVER_COMPLETED}
    await database[DIRTY_MINUTES].insert_one(mark)
    return mark


async def mark_complete(database: MotorDatabase, mark: Document) -> None:
    """Mark them complete: the events are stored. A mark that was counted as abandoned meanwhile is stored again."""
    settled = {"minutes": mark["minutes"], "settled_at": utc_now()}
    await (
        database[DIRTY_MINUTES]
        .with_options(write_concern=_ON_ONE)
        .update_one({"_id": mark["_id"]}, {"$set": settled}, upsert=True)
    )
