"""Counting different people."""

from zoneinfo import ZoneInfo

from analytics.models import USER_DAYS
from analytics.queries.answers import UniquePeople
from analytics.queries.buckets import buckets
from analytics.queries.reading import bounded_read
from analytics.queries.schemas import PeopleQuery
from chassis.mongodb.database import Document, MotorDatabase

_UTC = ZoneInfo("UTC")


async def get_unique_people(database: MotorDatabase, query: PeopleQuery) -> UniquePeople:
    """
    Count active people, on the whole UTC days that overlap the range.

    Raises:
        EmptyRange: The range ends before it begins (422).
        RangeTooWide: There are too many buckets (422).
        TooSlow: The query takes too long (503).
    """
    divided = buckets(query.bucket, query.range.days, _UTC)
    types: Document = {"types": {"$in": query.types}} if query.types else {}
    which: Document = {"$match": {**divided.range.holds("day"), **types}}
    each: list[Document] = [which, *_once_in(query.bucket), {"$group": {"_id": "$day", "count": {"$sum": 1}}}]
    total: list[Document] = [which, {"$group": {"_id": "$user_id"}}, {"$count": "count"}]
    with bounded_read():
        counts = {row["_id"]: row["count"] async for row in database[USER_DAYS].aggregate(each)}
        people = sum([row["count"] async for row in database[USER_DAYS].aggregate(total)])
    starts = list(divided.starts)
    return UniquePeople(total=people, starts=starts, counts=[counts.get(start, 0) for start in starts])


def _once_in(bucket: str) -> list[Document]:
    """Merge a person's rows of a bucket; for a day there is only one."""
    if bucket == "day":
        return []
    begins = {"$dateTrunc": {"date": "$day", "unit": bucket, "startOfWeek": "monday"}}
    return [{"$group": {"_id": {"day": begins, "user_id": "$user_id"}}}, {"$replaceRoot": {"newRoot": "$_id"}}]
