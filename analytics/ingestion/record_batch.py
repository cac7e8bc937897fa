"""Storing a batch of events from a client."""

from collections.abc import Sequence

from analytics.ingestion.batches import Refusal, kept
from analytics.ingestion.documents import event_document
from analytics.ingestion.record_documents import record_documents
from analytics.ingestion.schemas import AnyEvent, EventOutcome
from analytics.metrics import Via
from analytics.retention import Retention
from chassis.core.clock import utc_now
from chassis.mongodb.database import MotorDatabase


async def record_batch(
    database: MotorDatabase, retention: Retention, batch: Sequence[AnyEvent | Refusal]
) -> list[EventOutcome]:
    """
    Store the valid events, acknowledged by a majority; returns the outcome of each, in the same order.

    Raises:
        DatabaseUnavailable: It is unknown which events were stored; sent again, each counts once (503).
    """
    now = utc_now()
    documents = (event if isinstance(event, Refusal) else event_document(event, now) for event in batch)
    return await record_documents(database, list(kept(documents, retention)), Via.API)
