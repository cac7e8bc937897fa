"""Finding the most frequent values."""

from typing import NamedTuple

from analytics.queries.answers import TopValue
from analytics.queries.filters import EventFilter
from analytics.queries.read_events import read_events
from chassis.mongodb.database import Document, MotorDatabase


class Values(NamedTuple):
    """
    The most frequent values.

    Attributes:
        top: The most frequent first.
        total: The number of events with any value.
    """

    top: list[TopValue]
    total: int


async def find_values(database: MotorDatabase, events: EventFilter, value: Document | str, most: int) -> Values:
    """
    Find the most frequent values of an expression, and the number of events with a value that is not null.

    Raises:
        TooManyEvents: The query would read too many events (422).
        TooSlow: The query takes too long (503).
    """
    top: list[Document] = [{"$sort": {"count": -1, "_id": 1}}, {"$limit": most}]
    total: list[Document] = [{"$group": {"_id": None, "count": {"$sum": "$count"}}}]
    (found,) = await read_events(
        database,
        events,
        {"$project": {"_id": 0, "value": value}},
        {"$match": {"value": {"$ne": None}}},
        {"$group": {"_id": "$value", "count": {"$sum": 1}}},
        {"$facet": {"top": top, "total": total}},
    )
    values = [TopValue(value=row["_id"], count=row["count"]) for row in found["top"]]
    return Values(values, sum(row["count"] for row in found["total"]))
