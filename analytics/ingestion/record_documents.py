"""Storing documents: common to all routes that receive events."""

from collections import Counter
from collections.abc import Sequence

import pymongo
import structlog

from analytics.ingestion.batches import Refusal
from analytics.ingestion.refuse_final import refuse_final
from analytics.ingestion.schemas import EventOutcome
from analytics.ingestion.store_events import store_events
from analytics.metrics import BATCH_EVENTS, EVENTS, Via
from chassis.mongodb.database import Document, MotorDatabase

log = structlog.get_logger(__name__)

LONGEST_S = 5.0
"""How long storing may take, seconds: shorter than senders wait, so that they get an answer."""


async def record_documents(
    database: MotorDatabase, events: Sequence[Document | Refusal], via: Via
) -> list[EventOutcome]:
    """
    Store the valid events, acknowledged by a majority; returns the outcome of each, in the same order.

    Args:
        via: The route by which they came, for the metrics.

    Raises:
        DatabaseUnavailable: It is unknown which events were stored; sent again, each counts once (503).
    """
    with pymongo.timeout(LONGEST_S):
        events = await refuse_final(database, events)
        stored = [event for event in events if not isinstance(event, Refusal)]
        duplicates = await store_events(database, stored)
    outcomes = _outcomes(events, duplicates)
    _count(outcomes, via)
    return outcomes


def _outcomes(events: Sequence[Document | Refusal], duplicates: set[int]) -> list[EventOutcome]:
    outcomes: list[EventOutcome] = []
    position = 0
    for event in events:
        if isinstance(event, Refusal):
            outcomes.append({"id": event.id, "status": "invalid", "errors": event.errors})
        else:
            outcomes.append({"id": event["_id"], "status": "duplicate" if position in duplicates else "inserted"})
            position += 1
    return outcomes


def _count(outcomes: Sequence[EventOutcome], via: Via) -> None:
    BATCH_EVENTS.labels(via).observe(len(outcomes))
    counts = Counter(outcome["status"] for outcome in outcomes)
    for status, count in counts.items():
        EVENTS.labels(status, via).inc(count)
    if counts["invalid"]:
        log.warning("events refused", via=via, invalid=counts["invalid"], events=len(outcomes))
