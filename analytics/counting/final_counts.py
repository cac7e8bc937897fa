"""
The time before which the counts of a type are final: its events there were deleted, so they are never recounted.

Purging raises this time before it deletes events; counting reads it in the snapshot in which it reads the events. So a
count is replaced only by one that was computed while all its events existed, whatever the retention setting is.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from pymongo import UpdateOne

from analytics.counting.counts import HOUR, floor
from analytics.models import FINAL_COUNTS
from chassis.mongodb.database import Document, MotorDatabase, MotorSession

PART = 6 * HOUR
"""Counts become final by whole parts of a UTC day; a span that is counted at once lies within one part."""


def end_of_part(moment: datetime) -> datetime:
    """Return the end of the part of a day that contains a UTC moment."""
    return floor(moment, PART) + PART


async def finalise(database: MotorDatabase, before: Mapping[str, datetime]) -> None:
    """Make the counts of each type before its time final; final counts stay final."""
    raised = [UpdateOne({"_id": kind}, {"$max": {"before": end}}, upsert=True) for kind, end in before.items()]
    await database[FINAL_COUNTS].bulk_write(raised, ordered=False)


async def final_before(database: MotorDatabase, types: Iterable[str]) -> dict[str, datetime]:
    """Return the time before which counts are final, for the types that have one."""
    rows = database[FINAL_COUNTS].find({"_id": {"$in": list(types)}})
    return {row["_id"]: row["before"] async for row in rows}


async def all_final_before(database: MotorDatabase) -> dict[str, datetime]:
    """Return the time before which counts are final, by type."""
    return {row["_id"]: row["before"] async for row in database[FINAL_COUNTS].find()}


async def not_final(database: MotorDatabase, start: datetime, session: MotorSession) -> Document:
    """Return the condition on ``type`` for types whose counts in the part of a day of *start* are not final."""
    rows = database[FINAL_COUNTS].find({"before": {"$gt": start}}, session=session)
    final = [row["_id"] async for row in rows]
    return {"type": {"$nin": final}} if final else {}
