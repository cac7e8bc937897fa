"""Recomputing all counts from the events."""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from analytics.counting.count_span import count_span
from analytics.counting.counts import floor
from analytics.counting.final_counts import PART
from analytics.counting.recount import Span
from analytics.models import EVENTS, MINUTE_COUNTS
from chassis.mongodb.database import MotorDatabase


class Rebuilt(NamedTuple):
    """
    The result of a rebuild.

    Attributes:
        parts: How many quarters of a day were counted.
        failed: The minutes that could not be counted; the service tries them again.
    """

    parts: int
    failed: list[datetime]


async def rebuild_counts(
    database: MotorDatabase, on_part: Callable[[int, int], None] = lambda _done, _all: None
) -> Rebuilt:
    """
    Recount everything that is not final, while the service runs.

    Args:
        on_part: Called after each quarter of a day with the number of finished parts and the number of all.
    """
    ends = await _ends(database)
    if not ends:
        return Rebuilt(0, [])
    first, last = min(ends), max(ends)
    parts = (last - first) // PART + 1
    failed: list[datetime] = []
    for n in range(parts):
        failed += await count_span(database, Span(first + n * PART, first + (n + 1) * PART))
        on_part(n + 1, parts)
    return Rebuilt(parts, failed)


async def _ends(database: MotorDatabase) -> list[datetime]:
    """Return the first and the last quarter of a day with an event, and those with a count."""
    return [
        floor(document[name], PART)
        for collection, name in ((EVENTS, "occurred_at"), (MINUTE_COUNTS, "minute"))
        for direction in (1, -1)
        async for document in database[collection].find({}, {name: 1}).sort(name, direction).limit(1)
    ]
