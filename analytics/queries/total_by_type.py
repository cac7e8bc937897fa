"""Counting events over long ranges."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from analytics.counting.counts import DAY, floor
from analytics.models import DAY_COUNTS
from analytics.queries.count_between import count_between
from analytics.queries.filters import of_types
from chassis.mongodb.database import Document, MotorDatabase


async def total_by_type(
    database: MotorDatabase, start: datetime, midnight: datetime, types: Sequence[str]
) -> Counter[str]:
    """Count the events of each type from *start* up to a UTC *midnight*; the database adds them up."""
    day = floor(start, DAY)
    first = min(midnight, day if day == start else day + DAY)
    pipeline: list[Document] = [
        {"$match": {"day": {"$gte": first, "$lt": midnight}, **of_types(types)}},
        {"$group": {"_id": "$type", "count": {"$sum": "$count"}}},
    ]
    totals = Counter({row["_id"]: row["count"] async for row in database[DAY_COUNTS].aggregate(pipeline)})
    if start < first:
        for (_, kind), one in (await count_between(database, [start, first], types)).items():
            totals[kind] += one.count
    return totals
