"""Taking in an event."""

from pymongo.errors import DuplicateKeyError

from analytics.models import EVENTS
from analytics.schemas import EventCreate, EventRead
from chassis.clock import utc_now
from chassis.ids import new_id
from chassis.mongodb import MotorDatabase


async def record_event(database: MotorDatabase, event: EventCreate) -> EventRead:
    """Store an event, acknowledged by a majority; one whose id is there already is left as it was."""
    event_id, now = event.id or new_id(), utc_now()
    document = {
        "_id": str(event_id),
        "type": event.type,
        "source": event.source,
        "subject": event.subject,
        "user_id": str(event.userid) if event.userid else None,
        "occurred_at": event.time or now,
        "received_at": now,
        "data": event.data,
    }
    try:
        await database[EVENTS].insert_one(document)
    except DuplicateKeyError:
        return EventRead(id=event_id, status="duplicate")
    return EventRead(id=event_id, status="inserted")
