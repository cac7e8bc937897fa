"""Deleting expired documents in batches, each found by an index and committed separately."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from pymongo.errors import NetworkTimeout, OperationFailure

from analytics.counting.final_counts import end_of_part, finalise
from analytics.models import (
    DIRTY_MINUTES,
    ERASED_USERS,
    ERASED_VISITORS,
    EVENTS,
    FAILED_MINUTES,
    MINUTE_COUNTS,
    USER_DAYS,
)
from analytics.retention import ERASURES_KEPT, GRACE, MINUTES_KEPT, PEOPLE_KEPT
from chassis.core.clock import utc_now
from chassis.mongodb.database import Document, MotorDatabase
from chassis.mongodb.errors import is_unavailable
from chassis.telemetry.metrics import PURGED

log = structlog.get_logger(__name__)

BATCH = 1000


@dataclass(frozen=True, slots=True)
class Expiring:
    """
    Documents that are kept for a limited time.

    Attributes:
        collection: Their collection.
        field: The time from which they are kept; it has an index.
        kept: How long they are kept.
    """

    collection: str
    field: str
    kept: timedelta

    def condition(self, now: datetime) -> Document:
        """Return the condition of expired documents."""
        return {self.field: {"$lt": now - self.kept}}


EXPIRING = (
    Expiring(EVENTS, "expires_at", timedelta()),
    Expiring(MINUTE_COUNTS, "minute", MINUTES_KEPT + GRACE),
    Expiring(USER_DAYS, "day", PEOPLE_KEPT),
    Expiring(ERASED_USERS, "erased_at", ERASURES_KEPT),
    Expiring(ERASED_VISITORS, "erased_at", ERASURES_KEPT),
)


async def purge(database: MotorDatabase, goes_on: Callable[[], bool] = lambda: True) -> None:
    """
    Delete all expired documents. A failure in one collection is logged and does not stop the others.

    Args:
        goes_on: Called before each batch; purging stops when it returns False.

    Raises:
        ConnectionFailure: The database is unreachable (``MongoDB.use`` makes it a 503).
    """
    for expiring in EXPIRING:
        try:
            while goes_on() and await _purge_batch(database, expiring, utc_now()) == BATCH:
                pass
        except (OperationFailure, NetworkTimeout) as error:
            write = log.warning if is_unavailable(error) else log.exception
            write("collection not purged", collection=expiring.collection, reason=type(error).__name__)


async def _purge_batch(database: MotorDatabase, expiring: Expiring, now: datetime) -> int:
    """Delete a batch; returns how many were found, or 0 if they must not be deleted yet."""
    collection, condition = database[expiring.collection], expiring.condition(now)
    found = collection.find(condition, ("type", "occurred_at")).sort(expiring.field).limit(BATCH)
    rows = [row async for row in found]
    if expiring.collection == EVENTS and not await _may_go(database, rows):
        return 0
    deleted = await collection.delete_many({"_id": {"$in": [row["_id"] for row in rows]}, **condition})
    PURGED.labels(expiring.collection).inc(deleted.deleted_count)
    return len(rows)


async def _may_go(database: MotorDatabase, events: Sequence[Document]) -> bool:
    """Make the counts of events final, unless some are still uncounted; returns whether the events may be deleted."""
    before: dict[str, datetime] = {}
    for event in events:
        kind, end = event["type"], end_of_part(event["occurred_at"])
        before[kind] = max(before.get(kind, end), end)
    if not before or await _is_uncounted(database, max(before.values())):
        return False
    await finalise(database, before)
    return True


async def _is_uncounted(database: MotorDatabase, end: datetime) -> bool:
    """Whether minutes before a time are still to be counted."""
    arrived = await database[DIRTY_MINUTES].find_one({"minutes": {"$lt": end}})
    return bool(arrived or await database[FAILED_MINUTES].find_one({"_id": {"$lt": end}}))
