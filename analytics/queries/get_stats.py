"""Counting all events."""

from collections import Counter
from datetime import datetime
from zoneinfo import ZoneInfo

import structlog

from analytics.calls import COUNT_USERS
from analytics.counting.counts import DAY
from analytics.models import DAY_COUNTS
from analytics.queries.buckets import day_starts
from analytics.queries.count_between import count_between
from analytics.queries.filters import of_types
from analytics.queries.schemas import StatsQuery
from analytics.queries.stats_schemas import Day, Stats
from analytics.queries.total_by_type import total_by_type
from chassis.core.errors import AppError
from chassis.core.together import together
from chassis.dispatch.dispatcher import Dispatcher
from chassis.mongodb.database import Document, MotorDatabase

log = structlog.get_logger(__name__)

DAYS = 90
_UTC_DAYS = 2 * DAYS + 1
"""This many UTC days with events contain 90 days of any time zone, because each of these overlaps at most two."""


async def get_stats(database: MotorDatabase, dispatcher: Dispatcher, query: StatsQuery) -> Stats:
    """
    Count events in total, by type and by day; the number of users comes from the user service.

    Raises:
        EmptyRange: The range ends before it begins (422).
    """
    (by_type, by_day), users = await together(_count(database, query), _count_users(dispatcher))
    days = [Day(date=date, count=by_day[date]) for date in sorted(by_day)[-DAYS:]]
    return Stats(total=by_type.total(), by_type=by_type, by_day=days, users=users)


async def _count(database: MotorDatabase, query: StatsQuery) -> tuple[Counter[str], Counter[str]]:
    """Return the counts by type, and those of the last days by date."""
    asked, by_day = query.range, Counter[str]()
    days = await _last_days(database, query)
    if not days:
        return Counter(), by_day
    start, end = max(asked.start, days[-1]), min(asked.end, days[0] + DAY)
    by_type = await total_by_type(database, asked.start, days[-1], query.types) if asked.start < start else Counter()
    cuts = [start, *(one for one in day_starts(days, query.zone) if start < one < end), end]
    for (piece, kind), one in (await count_between(database, cuts, query.types)).items():
        by_type[kind] += one.count
        by_day[_date(cuts[piece], query.zone)] += one.count
    return by_type, by_day


async def _last_days(database: MotorDatabase, query: StatsQuery) -> list[datetime]:
    """Return the last UTC days with events, the latest first."""
    pipeline: list[Document] = [
        {"$match": {**query.range.days.holds("day"), **of_types(query.types)}},
        {"$group": {"_id": "$day"}},
        {"$sort": {"_id": -1}},
        {"$limit": _UTC_DAYS},
    ]
    return [row["_id"] async for row in database[DAY_COUNTS].aggregate(pipeline)]


def _date(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).date().isoformat()


async def _count_users(dispatcher: Dispatcher) -> int | None:
    try:
        users = await dispatcher.call(COUNT_USERS)
    except AppError as error:
        log.warning("user count unavailable", reason=str(error))
        return None
    return users.count
