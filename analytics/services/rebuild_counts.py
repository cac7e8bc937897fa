"""Making all counts anew from the events."""

from collections.abc import Callable
from datetime import datetime

from analytics.counts import HOUR, floor
from analytics.models import EVENTS, MINUTE_COUNTS
from analytics.retention import Retention
from analytics.services.recount import Span, recount
from chassis.mongodb import MotorDatabase


async def rebuild_counts(
    database: MotorDatabase, retention: Retention, on_hour: Callable[[int, int], None] = lambda _done, _all: None
) -> int:
    """
    Count all hours anew, while the service goes on; gives how many these were.

    Args:
        on_hour: Is told after each hour how many are done, of how many.
    """
    first, last = await _ends(database)
    if first is None or last is None:
        return 0
    hours = (last - first) // HOUR + 1
    for n in range(hours):
        span = Span(first + n * HOUR, first + (n + 1) * HOUR)
        await recount(database, span, retention.kept(span.start))
        on_hour(n + 1, hours)
    return hours


async def _ends(database: MotorDatabase) -> tuple[datetime | None, datetime | None]:
    """Give the first and the last hour that has an event or a count."""
    ends = [
        floor(document[name], HOUR)
        for collection, name in ((EVENTS, "occurred_at"), (MINUTE_COUNTS, "minute"))
        for direction in (1, -1)
        async for document in database[collection].find({}, {name: 1}).sort(name, direction).limit(1)
    ]
    return (min(ends), max(ends)) if ends else (None, None)
