"""Exporting events."""

from collections.abc import AsyncIterator

import pymongo

from analytics.models import EVENTS
from analytics.queries.exports import FORMATS
from analytics.queries.refuse_too_many import refuse_too_many
from analytics.queries.schemas import ExportQuery
from chassis.mongodb.database import Document, MotorCursor, MotorDatabase

LONGEST_EXPORT_S = 600.0
_BATCH = 200
"""How many events are in memory at a time."""


async def export_events(database: MotorDatabase, query: ExportQuery) -> AsyncIterator[bytes]:
    """
    Yield events as pieces of text, oldest first; the first piece is read before this returns.

    Raises:
        EmptyRange: The range ends before it begins (422).
        TooManyEvents: There are too many for one export (422).
    """
    await refuse_too_many(database, query.events)
    cursor = database[EVENTS].find(query.events.condition, sort=[("occurred_at", 1)], batch_size=_BATCH)
    # The time limit that the first command sets applies to all batches together.
    with pymongo.timeout(LONGEST_EXPORT_S):
        first = await cursor.to_list(_BATCH)
    return _written(query, cursor, first)


async def _written(query: ExportQuery, cursor: MotorCursor, documents: list[Document]) -> AsyncIterator[bytes]:
    form = FORMATS[query.format]
    try:
        yield form.head
        while documents:
            yield form.write(documents)
            documents = await cursor.to_list(_BATCH)
    finally:
        await cursor.close()
