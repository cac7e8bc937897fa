"""Reading stored counts, and computing the expected ones."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from analytics.models import DAY_COUNTS, MINUTE_COUNTS
from chassis.mongodb.database import Document, MotorDatabase

Counts = dict[tuple[datetime, str], tuple[int, dict[str, int]]]
"""By time and type: the number of events, and their revenue by currency."""


async def minutes(database: MotorDatabase) -> Counts:
    """Read the counts of minutes."""
    return await _read(database, MINUTE_COUNTS, "minute")


async def days(database: MotorDatabase) -> Counts:
    """Read the counts of days."""
    return await _read(database, DAY_COUNTS, "day")


async def _read(database: MotorDatabase, collection: str, unit: str) -> Counts:
    return {
        (row[unit], row["type"]): (row["count"], row.get("revenue", {})) async for row in database[collection].find()
    }


def model(documents: Iterable[Document], unit: timedelta) -> Counts:
    """Add up events by hand; of several with one id the last one counts."""
    counts: Counter[tuple[datetime, str]] = Counter()
    revenue: dict[tuple[datetime, str], Counter[str]] = {}
    for one in {document["_id"]: document for document in documents}.values():
        seconds = one["occurred_at"].timestamp() // unit.total_seconds() * unit.total_seconds()
        key = datetime.fromtimestamp(seconds, UTC), one["type"]
        counts[key] += 1
        if "revenue" in one:
            revenue.setdefault(key, Counter())[one["revenue"]["currency"]] += one["revenue"]["minor"]
    return {key: (count, dict(revenue.get(key, {}))) for key, count in counts.items()}
