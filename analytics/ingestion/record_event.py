"""Storing one event."""

from uuid import UUID

from analytics.ingestion.documents import EventTooOld, event_document, keep
from analytics.ingestion.record_documents import record_documents
from analytics.ingestion.schemas import EventCreate, EventRead
from analytics.metrics import Via
from analytics.retention import Retention
from chassis.core.clock import utc_now
from chassis.mongodb.database import MotorDatabase


async def record_event(database: MotorDatabase, retention: Retention, event: EventCreate) -> EventRead:
    """
    Store an event, acknowledged by a majority; if its id is already stored, nothing changes.

    Raises:
        WrongTime: Its time is impossible, or it would already be deleted (422).
        DatabaseUnavailable: It is unknown whether it was stored (503).
    """
    document = keep(event_document(event, utc_now()), retention)
    (outcome,) = await record_documents(database, [document], Via.API)
    if outcome["status"] == "invalid":
        raise EventTooOld(outcome["errors"][0].detail)
    return EventRead(id=UUID(document["_id"]), status="duplicate" if outcome["status"] == "duplicate" else "inserted")
