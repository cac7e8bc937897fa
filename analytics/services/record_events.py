"""Taking in what other services announce."""

from collections.abc import Mapping, Sequence
from typing import Any

from pymongo.errors import BulkWriteError

from analytics.documents import event_document
from analytics.models import EVENTS
from analytics.schemas import EventCreate
from analytics.services.anonymise_erased import anonymise_erased
from analytics.services.erase_user import erase_user
from chassis.deliveries import CloudEvent, Receipt, receipt
from chassis.mongodb import Document, MotorDatabase

USER_DELETED = "user.deleted"
_DUPLICATE_KEY = 11000


async def record_events(database: MotorDatabase, events: Sequence[CloudEvent]) -> list[Receipt]:
    """Store a batch, acknowledged by a majority; each event counts once. A person who is deleted is erased here too."""
    documents, refusals = _documents(events)
    duplicates = await _insert(database, list(documents.values()))
    for event in events:
        if event.type == USER_DELETED and event.userid:
            await erase_user(database, event.userid)
    await anonymise_erased(database, documents.values())
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


async def _insert(database: MotorDatabase, documents: Sequence[Document]) -> set[str]:
    """Store what is new; gives the ids of what was there already."""
    if not documents:
        return set()
    try:
        await database[EVENTS].insert_many(documents, ordered=False)
    except BulkWriteError as error:
        details: Mapping[str, Any] = error.details or {}
        failures = details["writeErrors"]
        if details["writeConcernErrors"] or any(failure["code"] != _DUPLICATE_KEY for failure in failures):
            raise
        return {failure["op"]["_id"] for failure in failures}
    return set()


def _receipt(event: CloudEvent, refusals: dict[str, str], duplicates: set[str]) -> Receipt:
    event_id = str(event.id)
    if event_id in refusals:
        return receipt(event, "refused", refusals[event_id])
    return receipt(event, "duplicate" if event_id in duplicates else "accepted")
