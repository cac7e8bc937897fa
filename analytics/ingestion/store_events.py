"""Storing events: all routes use this function."""

from collections.abc import Sequence

import pymongo
from pymongo.errors import BulkWriteError

from analytics.counting.batch_counts import counts_of
from analytics.counting.dirty_minutes import LONGEST_STORING_S, mark_complete, mark_dirty
from analytics.models import EVENTS
from analytics.privacy.anonymise_erased import anonymise_erased
from chassis.mongodb.database import Document, MotorDatabase, duplicates_in


async def store_events(database: MotorDatabase, documents: Sequence[Document]) -> set[int]:
    """
    Store the new events of *documents* (``documents.event_document``), acknowledged by a majority, to be counted.

    Returns:
        The positions of duplicates, of stored events or of earlier ones in the batch; they change nothing.

    Raises:
        DatabaseUnavailable: It is unknown which events were stored; sent again, each is stored and counted once (503).
    """
    if not documents:
        return set()
    # One deadline for all: a process that was paused meanwhile must not store events that would not be counted.
    with pymongo.timeout(LONGEST_STORING_S):
        mark = await mark_dirty(database, documents)
        duplicates = await _insert(database, documents)
        added = [document for position, document in enumerate(documents) if position not in duplicates]
        await mark_complete(database, mark, counts_of(added))
        await anonymise_erased(database, documents)
    return duplicates


async def _insert(database: MotorDatabase, documents: Sequence[Document]) -> set[int]:
    try:
        await database[EVENTS].insert_many(documents, ordered=False)
    except BulkWriteError as error:
        return duplicates_in(error)
    return set()
