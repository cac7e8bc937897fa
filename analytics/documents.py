"""The form in which events are stored."""

from analytics.schemas.events import EventCreate
from chassis.clock import utc_now
from chassis.ids import new_id
from chassis.mongodb import Document


def event_document(event: EventCreate) -> Document:
    """Give the document of an event; one without an id gets a new one, one without a time is of now."""
    now = utc_now()
    return {
        "_id": str(event.id or new_id()),
        "type": event.type,
        "source": event.source,
        "subject": event.subject,
        "user_id": str(event.userid) if event.userid else None,
        "occurred_at": event.time or now,
        "received_at": now,
        "data": event.data,
    }
