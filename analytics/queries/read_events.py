"""Aggregating the events themselves."""

from analytics.models import EVENTS
from analytics.queries.filters import EventFilter
from analytics.queries.reading import bounded_read
from analytics.queries.refuse_too_many import refuse_too_many
from chassis.mongodb.database import Document, MotorDatabase

_BATCH = 1000


async def read_events(database: MotorDatabase, events: EventFilter, *stages: Document) -> list[Document]:
    """
    Return the result of an aggregation over some events.

    Raises:
        TooManyEvents: There are too many events (422).
        TooSlow: The aggregation takes too long (503).
    """
    await refuse_too_many(database, events)
    pipeline: list[Document] = [{"$match": events.condition}, *stages]
    with bounded_read():
        return [row async for row in database[EVENTS].aggregate(pipeline, batchSize=_BATCH)]
