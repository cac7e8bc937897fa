"""Do the counts of analytics agree with its events?"""

import json
from collections import defaultdict
from collections.abc import Mapping

from analytics.counts import DAY, Count, floor
from analytics.models import ARRIVALS, DAY_COUNTS, EVENTS, MINUTE_COUNTS
from analytics.retention import Retention
from chassis.mongodb import Document, MotorDatabase

Counts = Mapping[str, Count]
"""What there is of each day and type."""

_EVENTS: list[Document] = [
    {
        "$group": {
            "_id": {
                "day": {"$dateTrunc": {"date": "$occurred_at", "unit": "day"}},
                "type": "$type",
                "currency": "$revenue.currency",
            },
            "count": {"$sum": 1},
            "minor": {"$sum": "$revenue.minor"},
        }
    }
]


def retention_of(environment: Mapping[str, str]) -> Retention:
    """Read how long events are kept, as the service does."""
    return Retention(json.loads(environment.get("ANALYTICS_RETENTION_DAYS", "{}")))


async def uncounted(database: MotorDatabase) -> list[str]:
    """Give the arrivals that are still to be counted."""
    return [str(row["_id"]) async for row in database[ARRIVALS].find({}, {"_id": 1})]


async def miscounted(database: MotorDatabase, retention: Retention) -> list[str]:
    """Give the days and types of which minutes, day and events disagree, as far as the events are kept."""
    events = await _events(database, retention)
    minutes = await _counts(database, MINUTE_COUNTS, "minute", retention)
    days = await _counts(database, DAY_COUNTS, "day", retention)
    names = events.keys() | minutes.keys() | days.keys()
    return sorted(name for name in names if not events.get(name) == minutes.get(name) == days.get(name))


async def _events(database: MotorDatabase, retention: Retention) -> Counts:
    counts: defaultdict[str, Count] = defaultdict(Count)
    async for row in database[EVENTS].aggregate(_EVENTS):
        group = row["_id"]
        if retention.keeps(group["type"], group["day"]):
            revenue = {group["currency"]: row["minor"]} if group.get("currency") else {}
            counts[_name(group["day"], group["type"])].add(row["count"], revenue)
    return counts


async def _counts(database: MotorDatabase, collection: str, unit: str, retention: Retention) -> Counts:
    counts: defaultdict[str, Count] = defaultdict(Count)
    async for row in database[collection].find({}, {unit: 1, "type": 1, "count": 1, "revenue": 1}):
        day = floor(row[unit], DAY)
        if retention.keeps(row["type"], day):
            counts[_name(day, row["type"])].add(row["count"], row.get("revenue", {}))
    return counts


def _name(day: object, kind: str) -> str:
    return f"{day:%Y-%m-%d} {kind}"
