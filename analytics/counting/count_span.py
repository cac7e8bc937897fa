"""Counting the events of a span of time, in parts that are small enough."""

from datetime import datetime, timedelta

import structlog
from bson import ObjectId
from bson.errors import BSONError
from pymongo.errors import NetworkTimeout, OperationFailure

from analytics.counting.counts import MINUTE
from analytics.counting.recount import Span, recount
from analytics.models import FAILED_MINUTES
from analytics.retention import grain_at
from chassis.core.clock import utc_now
from chassis.mongodb.database import Document, MotorDatabase

log = structlog.get_logger(__name__)

UNCOUNTABLE = (OperationFailure, NetworkTimeout, BSONError, OverflowError)
"""Errors of counting that fewer events, or other ones, may not cause; the database answers."""
FIRST_RETRY = timedelta(minutes=1)
LAST_RETRY = timedelta(hours=1)
"""A failed minute is tried again after a minute, then after twice the time, up to once an hour."""


async def count_span(database: MotorDatabase, span: Span) -> list[datetime]:
    """
    Recount a span. If that takes too long or fails, count its halves separately.

    A minute that fails alone is skipped, logged, and stored in ``failed_minutes`` with the time of the next try.

    Returns:
        The minutes that failed.

    Raises:
        ConnectionFailure: The database is unreachable; nothing can be counted (``MongoDB.use`` makes it a 503).
    """
    grain = grain_at(span.start)
    try:
        await recount(database, span)
    except UNCOUNTABLE as error:
        halves = (span if grain == MINUTE else span.quarters).halves(grain)
        if not halves:
            await _keep_failed(database, span.start, error)
            return [span.start]
    else:
        return []
    return [minute for half in halves for minute in await count_span(database, half)]


async def _keep_failed(database: MotorDatabase, minute: datetime, error: Exception) -> None:
    before: Document = await database[FAILED_MINUTES].find_one({"_id": minute}) or {"failures": 0}
    wait = min(FIRST_RETRY * 2 ** min(before["failures"], 10), LAST_RETRY)
    failed = {"retry_at": utc_now() + wait, "changed": ObjectId()}
    await database[FAILED_MINUTES].update_one({"_id": minute}, {"$set": failed, "$inc": {"failures": 1}}, upsert=True)
    log.error("events not counted", minute=minute.isoformat(), error=type(error).__name__, retry_s=wait.total_seconds())
