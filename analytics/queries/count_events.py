"""Counting the events themselves, where no stored counts apply."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from analytics.counting.counts import DAY, HOUR, MINUTE, QUARTER, floor
from analytics.queries.answers import Name
from analytics.queries.buckets import Buckets
from analytics.queries.filters import EventFilter
from analytics.queries.read_events import read_events
from analytics.queries.series import Cell
from chassis.mongodb.database import Document, MotorDatabase


async def count_events(
    database: MotorDatabase, events: EventFilter, buckets: Buckets, value: Document | str, names: Sequence[Name]
) -> list[Cell]:
    """
    Count events by bucket and by the value of an expression: a column for each of *names*, -1 for any other.

    The database groups by UTC time; the bucket of each group is determined here.

    Raises:
        TooManyEvents: The query would read too many events (422).
        TooSlow: The query takes too long (503).
    """
    column = {"$indexOfArray": [{"$literal": list(names)}, "$value"]}
    rows = await read_events(
        database,
        events,
        {"$project": {"_id": 0, "at": _truncated(_grain(buckets.starts[1:])), "value": value}},
        {"$match": {"value": {"$ne": None}}},
        {"$group": {"_id": {"at": "$at", "column": column}, "count": {"$sum": 1}}},
    )
    return [Cell(buckets.index(row["_id"]["at"]), row["_id"]["column"], row["count"]) for row in rows]


def _grain(starts: Sequence[datetime]) -> timedelta:
    """Return the largest UTC unit on whose boundaries all starts are."""
    return next(unit for unit in (DAY, HOUR, QUARTER, MINUTE) if all(floor(start, unit) == start for start in starts))


def _truncated(grain: timedelta) -> Document:
    return {"$dateTrunc": {"date": "$occurred_at", "unit": "minute", "binSize": grain // MINUTE}}
