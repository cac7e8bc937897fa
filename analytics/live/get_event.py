"""Reading one event."""

from uuid import UUID

from analytics.errors import EventNotFound
from analytics.models import EVENTS
from chassis.mongodb.database import Document, MotorDatabase


async def get_event(database: MotorDatabase, event_id: UUID) -> Document:
    """
    Return an event.

    Raises:
        EventNotFound: No event has this id, or it was deleted after its retention (404).
    """
    event = await database[EVENTS].find_one({"_id": str(event_id)})
    if event is None:
        raise EventNotFound
    return event
