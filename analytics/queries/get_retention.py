"""Counting people who came back."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta

from analytics.counting.counts import DAY, MINUTE, floor
from analytics.models import USER_DAYS
from analytics.queries.answers import Retention, Week
from analytics.queries.reading import bounded_read
from analytics.queries.schemas import RetentionQuery
from chassis.core.clock import utc_now
from chassis.mongodb.database import Document, MotorDatabase

_WEEK = timedelta(weeks=1)


async def get_retention(database: MotorDatabase, query: RetentionQuery) -> Retention:
    """
    Count, for each of some weeks (UTC, from Monday on), the people who first appeared in it and who came back in them.

    Raises:
        TooSlow: The query takes too long (503).
    """
    weeks, end = query.weeks, query.end.astimezone(UTC) - MINUTE if query.end else utc_now()
    last = floor(end, DAY)
    first = last - last.weekday() * DAY - (weeks - 1) * _WEEK
    active: defaultdict[tuple[int, int], int] = defaultdict(int)
    with bounded_read():
        async for row in database[USER_DAYS].aggregate(_came(first), allowDiskUse=True):
            active[_weeks(first, row["_id"]["came"]), _weeks(first, row["_id"]["again"])] = row["count"]
    rows = [[active[came, again] for again in range(came, weeks)] for came in range(weeks)]
    return Retention(
        weeks=[Week(week=(first + n * _WEEK).date(), users=row[0], returned=row) for n, row in enumerate(rows)]
    )


def _weeks(first: datetime, week: datetime) -> int:
    return (week - first) // _WEEK


def _came(since: datetime) -> list[Document]:
    """Return the number of people by the week of their first activity and by each active week, from *since* on."""
    return [
        {"$sort": {"user_id": 1, "day": 1}},
        {"$group": {"_id": "$user_id", "first": {"$first": "$day"}}},  # answered by the index alone
        {"$match": {"first": {"$gte": since}}},
        {"$lookup": {"from": USER_DAYS, "localField": "_id", "foreignField": "user_id", "as": "days"}},
        {
            "$project": {
                "came": _week("$first"),
                "again": {"$setUnion": {"$map": {"input": "$days.day", "in": _week("$$this")}}},
            }
        },
        {"$unwind": "$again"},
        {"$group": {"_id": {"came": "$came", "again": "$again"}, "count": {"$sum": 1}}},
    ]


def _week(day: str) -> Document:
    return {"$dateTrunc": {"date": day, "unit": "week", "startOfWeek": "monday"}}
