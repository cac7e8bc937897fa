"""Refusing to read too many events."""

from analytics.errors import TooManyEvents
from analytics.models import DAY_COUNTS, EVENTS
from analytics.queries.filters import EventFilter, of_person, of_types
from analytics.queries.reading import MOST_EVENTS
from chassis.mongodb.database import Document, MotorDatabase


async def refuse_too_many(database: MotorDatabase, events: EventFilter) -> None:
    """
    Refuse a query that would read too many events, without reading any.

    A person's events are counted in their index; the number of all events is known from the counts of days.

    Raises:
        TooManyEvents: The query would read more than a million events (422).
    """
    count = _count_days if events.user_id is None else _count_entries
    if await count(database, events) > MOST_EVENTS:
        raise TooManyEvents


async def _count_days(database: MotorDatabase, events: EventFilter) -> int:
    pipeline: list[Document] = [
        {"$match": {**events.range.days.holds("day"), **of_types(events.types)}},
        {"$group": {"_id": None, "count": {"$sum": "$count"}}},
    ]
    return sum([row["count"] async for row in database[DAY_COUNTS].aggregate(pipeline)])


async def _count_entries(database: MotorDatabase, events: EventFilter) -> int:
    theirs = {**of_person(events.user_id or ""), **events.range.holds("occurred_at")}
    return await database[EVENTS].count_documents(theirs, limit=MOST_EVENTS + 1)
