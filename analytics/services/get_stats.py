"""Adding up all events."""

from typing import Any

import structlog

from analytics.models import EVENTS
from analytics.schemas.stats import Day, Stats
from chassis.dispatch.dispatcher import Dispatcher
from chassis.errors import AppError
from chassis.mongodb import MotorDatabase

log = structlog.get_logger(__name__)

DAYS = 90
USER_COUNT_TIMEOUT_S = 2.0

_PER_DAY_AND_TYPE: list[dict[str, Any]] = [
    {
        "$group": {
            "_id": {"day": {"$dateToString": {"date": "$occurred_at", "format": "%Y-%m-%d"}}, "type": "$type"},
            "count": {"$sum": 1},
        }
    }
]


async def get_stats(database: MotorDatabase, dispatcher: Dispatcher) -> Stats:
    """Count events in all, by type and by UTC day; the number of users is what the user service says."""
    by_type: dict[str, int] = {}
    by_day: dict[str, int] = {}
    async for row in database[EVENTS].aggregate(_PER_DAY_AND_TYPE):
        day, kind = row["_id"]["day"], row["_id"]["type"]
        by_day[day] = by_day.get(day, 0) + row["count"]
        by_type[kind] = by_type.get(kind, 0) + row["count"]
    days = [Day(date=day, count=by_day[day]) for day in sorted(by_day)[-DAYS:]]
    return Stats(total=sum(by_type.values()), by_type=by_type, by_day=days, users=await _count_users(dispatcher))


async def _count_users(dispatcher: Dispatcher) -> int | None:
    try:
        answer = await dispatcher.get("user", "/api/v1/users/stats/count", sealed=False, timeout=USER_COUNT_TIMEOUT_S)
    except AppError as error:
        log.warning("users could not be counted", reason=str(error))
        return None
    return int(answer["count"])
