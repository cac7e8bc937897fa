"""Storing events that other services publish."""

from collections.abc import Sequence

from pydantic import ValidationError

from analytics.ingestion.batches import Refusal, faults_of
from analytics.ingestion.documents import WrongTime, event_document, keep
from analytics.ingestion.record_documents import record_documents
from analytics.ingestion.schemas import AnyEvent, EventOutcome
from analytics.metrics import Via
from analytics.privacy.erase_user import erase_user
from analytics.retention import Retention
from chassis.core.clock import utc_now
from chassis.core.errors import FieldError
from chassis.messaging.event_batch import Acknowledgement, CloudEvent, acknowledge
from chassis.mongodb.database import Document, MotorDatabase

USER_DELETED = "user.deleted"


async def record_events(
    database: MotorDatabase, retention: Retention, events: Sequence[CloudEvent]
) -> list[Acknowledgement]:
    """Store a batch, acknowledged by a majority; each event counts once. ``user.deleted`` also erases the person."""
    documents = [_document(event, retention) for event in events]
    outcomes = await record_documents(database, documents, Via.SERVICE)
    for event in events:
        if event.type == USER_DELETED and event.userid:
            await erase_user(database, event.userid)
    return [_receipt(event, outcome) for event, outcome in zip(events, outcomes, strict=True)]


def _document(event: CloudEvent, retention: Retention) -> Document | Refusal:
    event_id = str(event.id)
    if event.type == USER_DELETED and not event.userid:
        missing = FieldError(location="event", pointer="/userid", code="missing", detail="Name the deleted account.")
        return Refusal(event_id, [missing])
    try:
        return keep(event_document(_checked(event), utc_now()), retention)
    except ValidationError as error:
        return Refusal(event_id, faults_of(error))
    except WrongTime as error:
        return Refusal(event_id, [error.fault])


def _checked(event: CloudEvent) -> AnyEvent:
    return AnyEvent(
        id=str(event.id),
        source=event.source,
        type=event.type,
        subject=event.subject,
        time=event.time,
        userid=str(event.userid) if event.userid else None,
        data=event.data,
    )


def _receipt(event: CloudEvent, outcome: EventOutcome) -> Acknowledgement:
    if outcome["status"] == "invalid":
        reasons = "; ".join(f"{fault.pointer}: {fault.detail}" for fault in outcome["errors"])
        return acknowledge(event, "refused", reasons)
    return acknowledge(event, "accepted" if outcome["status"] == "inserted" else "duplicate")
