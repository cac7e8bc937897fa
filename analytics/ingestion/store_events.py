"""Storing events: the one way in."""

from collections.abc import Sequence

import pymongo
from pymongo.errors import BulkWriteError

from analytics.counting.dirty_minutes import LONGEST_STORING_S, mark_complete, mark_dirty
from analytics.models import EVENTS
from analytics.privacy.anonymise_erased import anonymise_erased
from chassis.mongodb.database import Document, MotorDatabase, duplicates_in


async def store_events(database: MotorDatabase, documents: Sequence[Document]) -> set[int]:
    """
    Store what is new of *documents* (``documents.event_document``), acknowledged by a majority, and have it counted.

    Returns:
        The positions of those whose id was there already, or stands in the batch before; they change nothing.

    Raises:
        DatabaseUnavailable: Nobody knows what was stored; sent again, each event is stored and counted once (503).
    """
    if not documents:
        return set()
    # One deadline for all: a process that was stopped meanwhile must not store what nobody will count.
    with pymongo.timeout(LONGEST_STORING_S):
        mark = await mark_dirty(database, documents)
        duplicates = await _insert(database, documents)
        await mark_complete(database, mark)
        await anonymise_erased(database, documents)
    return duplicates


async def _insert(database: MotorDatabase, documents: Sequence[Document]) -> set[int]:
    try:
        await database[EVENTS].insert_many(documents, ordered=False)
    except BulkWriteError as error:
        return duplicates_in(error)
    return set()
