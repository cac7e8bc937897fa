"""Counting people by the funnel step that they reached."""

from collections import Counter

from analytics.models import EVENTS
from analytics.queries.answers import Funnel, FunnelStep
from analytics.queries.filters import EventFilter
from analytics.queries.funnels import Walk
from analytics.queries.reading import bounded_read
from analytics.queries.refuse_too_many import refuse_too_many
from analytics.queries.schemas import FunnelQuery
from chassis.mongodb.database import Document, MotorDatabase

_BATCH = 1000
"""How many events are processed before other tasks run."""


async def get_funnel(database: MotorDatabase, query: FunnelQuery) -> Funnel:
    """
    Count the people who did the first step, then the second, and so on, all within the window after the first.

    Events are sorted by person and time, so only one person's progress is in memory.

    Raises:
        EmptyRange: The range ends before it begins (422).
        TooManyEvents: The query would read too many events (422).
        TooSlow: The query takes too long (503).
    """
    events = EventFilter(query.range, sorted(set(query.steps)))
    await refuse_too_many(database, events)
    with bounded_read():
        reached = await _reached(database, events, query)
    ways = range(1, len(query.steps) + 1)
    users = [sum(reached[way] for way in ways if way >= step) for step in ways]
    return Funnel(steps=[FunnelStep(type=kind, users=count) for kind, count in zip(query.steps, users, strict=True)])


async def _reached(database: MotorDatabase, events: EventFilter, query: FunnelQuery) -> Counter[int]:
    """Return the number of people by the number of steps they reached."""
    pipeline: list[Document] = [
        {"$match": {**events.condition, "user_id": {"$ne": None}}},
        {"$project": {"user_id": 1, "occurred_at": 1, "type": 1}},
        {"$sort": {"user_id": 1, "occurred_at": 1, "_id": 1}},
    ]
    reached: Counter[int] = Counter()
    person, walk = None, Walk(query.steps, query.within)
    async for event in database[EVENTS].aggregate(pipeline, batchSize=_BATCH, allowDiskUse=True):
        if event["user_id"] != person:
            reached[walk.reached] += 1
            person, walk = event["user_id"], Walk(query.steps, query.within)
        walk.see(event["type"], event["occurred_at"])
    reached[walk.reached] += 1
    return reached
