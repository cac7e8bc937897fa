"""Taking in an event."""

from typing import Literal
from uuid import UUID

from pymongo.errors import DuplicateKeyError

from analytics.documents import event_document
from analytics.models import EVENTS
from analytics.schemas import EventCreate, EventRead
from analytics.services.anonymise_erased import anonymise_erased
from chassis.mongodb import MotorDatabase


async def record_event(database: MotorDatabase, event: EventCreate) -> EventRead:
    """Store an event, acknowledged by a majority; one whose id is there already is left as it was."""
    document = event_document(event)
    status: Literal["inserted", "duplicate"] = "inserted"
    try:
        await database[EVENTS].insert_one(document)
    except DuplicateKeyError:
        status = "duplicate"
    await anonymise_erased(database, [document])
    return EventRead(id=UUID(document["_id"]), status=status)
