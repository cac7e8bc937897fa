"""
Up to when the counts of a type are final: events of it were deleted there, so it is never counted anew.

Purging raises this before it deletes events; counting reads it in the snapshot in which it reads the events. So a
count is replaced only by what was counted while all its events were there, whatever retention is set to.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from pymongo import UpdateOne

from analytics.counting.counts import HOUR, floor
from analytics.models import FINAL_COUNTS
from chassis.mongodb.database import Document, MotorDatabase, MotorSession

PART = 6 * HOUR
"""Counts become final by whole parts of a UTC day; no span that is counted at once is longer, or of two of them."""


def end_of_part(moment: datetime) -> datetime:
    """Return the end of the part of a day in which a UTC moment is."""
    return floor(moment, PART) + PART


async def finalise(database: MotorDatabase, before: Mapping[str, datetime]) -> None:
    """Make the counts of each type before its time final; what is final stays so."""
    raised = [UpdateOne({"_id": kind}, {"$max": {"before": end}}, upsert=True) for kind, end in before.items()]
    await database[FINAL_COUNTS].bulk_write(raised, ordered=False)


async def final_before(database: MotorDatabase, types: Iterable[str]) -> dict[str, datetime]:
    """Return the time before which counts are final, for those of the types of which any are."""
    rows = database[FINAL_COUNTS].find({"_id": {"$in": list(types)}})
    return {row["_id"]: row["before"] async for row in rows}


async def all_final_before(database: MotorDatabase) -> dict[str, datetime]:
    """Return the time before which counts are final, by type."""
    return {row["_id"]: row["before"] async for row in database[FINAL_COUNTS].find()}


async def not_final(database: MotorDatabase, start: datetime, session: MotorSession) -> Document:
    """Return the condition on ``type`` of those whose counts in the part of a day of *start* are not final."""
    rows = database[FINAL_COUNTS].find({"before": {"$gt": start}}, session=session)
    final = [row["_id"] async for row in rows]
    return {"type": {"$nin": final}} if final else {}
