"""Taking in documents: what all ways in have in common."""

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
"""How long storing may take, seconds: shorter than any sender waits, so that it is told to come again."""


async def record_documents(
    database: MotorDatabase, events: Sequence[Document | Refusal], via: Via
) -> list[EventOutcome]:
    """
    Store the events that can be, acknowledged by a majority; says of each in its order what became of it.

    Args:
        via: By which way they came, for the metrics.

    Raises:
        DatabaseUnavailable: Nobody knows what was stored; sent again, each event counts once (503).
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
