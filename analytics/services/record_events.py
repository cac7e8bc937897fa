"""Taking in what other services announce."""

from collections.abc import Sequence

from analytics.documents import event_document
from analytics.schemas.events import EventCreate
from analytics.services.erase_user import erase_user
from analytics.services.store_events import store_events
from chassis.deliveries import CloudEvent, Receipt, receipt
from chassis.mongodb import Document, MotorDatabase

USER_DELETED = "user.deleted"


async def record_events(database: MotorDatabase, events: Sequence[CloudEvent]) -> list[Receipt]:
    """Store a batch, acknowledged by a majority; each event counts once. A person who is deleted is erased here too."""
    documents, refusals = _documents(events)
    known = await store_events(database, list(documents.values()))
    duplicates = {event_id for position, event_id in enumerate(documents) if position in known}
    for event in events:
        if event.type == USER_DELETED and event.userid:
            await erase_user(database, event.userid)
    return [_receipt(event, refusals, duplicates) for event in events]


def _documents(events: Sequence[CloudEvent]) -> tuple[dict[str, Document], dict[str, str]]:
    """Give the documents, and what is wrong with the events for which there is none, by event id."""
    documents, refusals = {}, {}
    for event in events:
        try:
            documents[str(event.id)] = _document(event)
        except ValueError as error:  # pydantic's, too
            refusals[str(event.id)] = str(error)
    return documents, refusals


def _document(event: CloudEvent) -> Document:
    if event.type == USER_DELETED and not event.userid:
        raise ValueError("It does not say whose account is deleted.")
    return event_document(EventCreate.model_validate(event.model_dump(exclude={"requestid", "traceparent"})))


def _receipt(event: CloudEvent, refusals: dict[str, str], duplicates: set[str]) -> Receipt:
    event_id = str(event.id)
    if event_id in refusals:
        return receipt(event, "refused", refusals[event_id])
    return receipt(event, "duplicate" if event_id in duplicates else "accepted")
