"""Taking in an event."""

from uuid import UUID

from analytics.documents import event_document
from analytics.schemas.events import EventCreate, EventRead
from analytics.services.store_events import store_events
from chassis.mongodb import MotorDatabase


async def record_event(database: MotorDatabase, event: EventCreate) -> EventRead:
    """Store an event, acknowledged by a majority; one whose id is there already is left as it was."""
    document = event_document(event)
    duplicates = await store_events(database, [document])
    return EventRead(id=UUID(document["_id"]), status="duplicate" if duplicates else "inserted")
