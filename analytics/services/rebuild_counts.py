"""Making all counts anew from the events."""

from collections.abc import Callable
from datetime import datetime

from analytics.counts import HOUR, floor
from analytics.models import EVENTS, MINUTE_COUNTS
from analytics.retention import Retention
from analytics.services.recount import Span, recount
from chassis.mongodb import MotorDatabase

_PART = 6 * HOUR
"""One transaction: MongoDB ends those that take a minute."""


async def rebuild_counts(
    database: MotorDatabase, retention: Retention, on_part: Callable[[int, int], None] = lambda _done, _all: None
) -> int:
    """
    Count everything anew, while the service goes on; gives how many quarters of a day that were.

    Args:
        on_part: Is told after each quarter of a day how many are done, of how many.
    """
    first, last = await _ends(database)
    if first is None or last is None:
        return 0
    parts = (last - first) // _PART + 1
    for n in range(parts):
        span = Span(first + n * _PART, first + (n + 1) * _PART)
        await recount(database, span, retention.kept(span.start))
        on_part(n + 1, parts)
    return parts


async def _ends(database: MotorDatabase) -> tuple[datetime | None, datetime | None]:
    """Give the first and the last quarter of a day that has an event or a count."""
    ends = [
        floor(document[name], _PART)
        for collection, name in ((EVENTS, "occurred_at"), (MINUTE_COUNTS, "minute"))
        for direction in (1, -1)
        async for document in database[collection].find({}, {name: 1}).sort(name, direction).limit(1)
    ]
    return (min(ends), max(ends)) if ends else (None, None)
