"""Taking in an event."""

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
    Store an event, acknowledged by a majority; one whose id is there already is left as it was.

    Raises:
        WrongTime: It cannot have happened then, or would be gone already (422).
        DatabaseUnavailable: Nobody knows whether it was stored (503).
    """
    document = keep(event_document(event, utc_now()), retention)
    (outcome,) = await record_documents(database, [document], Via.API)
    if outcome["status"] == "invalid":
        raise EventTooOld(outcome["errors"][0].detail)
    return EventRead(id=UUID(document["_id"]), status="duplicate" if outcome["status"] == "duplicate" else "inserted")
