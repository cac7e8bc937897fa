"""The rules about counts that `bin/cli invariants` checks."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime

from analytics.counting.counts import DAY, MINUTE, Count, floor
from analytics.counting.final_counts import all_final_before
from analytics.models import DAY_COUNTS, DIRTY_MINUTES, EVENTS, FAILED_MINUTES, MINUTE_COUNTS
from analytics.retention import grain_at
from chassis.mongodb.database import Document, MotorDatabase
from cli.checks.contents import Contents, Rules

Key = tuple[datetime, str]
"""A day and a type."""
Counts = Mapping[Key, Count]

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


async def check(contents: Contents) -> Rules:
    """Return each rule with what is not counted, or counted wrongly."""
    async with contents.analytics() as database:
        return {
            "analytics has counted all stored events": await uncounted(database),
            "analytics' counts are those of its events": await miscounted(database),
        }


async def uncounted(database: MotorDatabase) -> list[str]:
    """Return the marks of dirty minutes that are still to be counted, and the minutes whose counting failed."""
    names = (DIRTY_MINUTES, FAILED_MINUTES)
    return [str(row["_id"]) for name in names async for row in database[name].find({}, {"_id": 1})]


async def miscounted(database: MotorDatabase) -> list[str]:
    """Return the days and types for which minutes, day and events disagree, as far as all of them are kept."""
    final = await all_final_before(database)
    events, days = await _events(database), await _counts(database, DAY_COUNTS, "day")
    minutes = await _counts(database, MINUTE_COUNTS, "minute")
    kept = {
        (day, kind): [events, days] if grain_at(day) != MINUTE else [events, days, minutes]
        for day, kind in events.keys() | minutes.keys() | days.keys()
        if kind not in final or final[kind] <= day
    }
    wrong = [key for key, counts in kept.items() if any(one.get(key) != events.get(key) for one in counts)]
    return sorted(f"{day:%Y-%m-%d} {kind}" for day, kind in wrong)


async def _events(database: MotorDatabase) -> Counts:
    counts: defaultdict[Key, Count] = defaultdict(Count)
    async for row in database[EVENTS].aggregate(_EVENTS):
        group = row["_id"]
        revenue = {group["currency"]: row["minor"]} if group.get("currency") else {}
        counts[group["day"], group["type"]].add(row["count"], revenue)
    return counts


async def _counts(database: MotorDatabase, collection: str, unit: str) -> Counts:
    counts: defaultdict[Key, Count] = defaultdict(Count)
    async for row in database[collection].find({}, {unit: 1, "type": 1, "count": 1, "revenue": 1}):
        counts[floor(row[unit], DAY), row["type"]].add(row["count"], row.get("revenue", {}))
    return counts
