"""Refusing events that would not be counted."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from analytics.counting.final_counts import PART, final_before
from analytics.ingestion.batches import Refusal
from analytics.ingestion.documents import EventTooOld
from analytics.retention import GRACE
from chassis.mongodb.database import Document, MotorDatabase

_MARGIN = GRACE - PART
"""How much later than final counts an event must be, so that its counts do not become final before it is counted."""


async def refuse_final(database: MotorDatabase, events: Sequence[Document | Refusal]) -> Sequence[Document | Refusal]:
    """Refuse events whose counts are final, or soon will be; the times are looked up only if some events are old."""
    old = {event["type"] for event in events if not isinstance(event, Refusal) and _is_old(event)}
    if not old:
        return events
    before = await final_before(database, old)
    return [event if isinstance(event, Refusal) else _refused(event, before) for event in events]


def _is_old(event: Document) -> bool:
    return bool(event["occurred_at"] < event["received_at"] - GRACE)


def _refused(event: Document, before: Mapping[str, datetime]) -> Document | Refusal:
    kind = event["type"]
    if kind not in before or event["occurred_at"] >= before[kind] + _MARGIN:
        return event
    error = EventTooOld(f"Events of type {kind} were deleted up to {before[kind]:%Y-%m-%d}; their counts are final.")
    return Refusal(event["_id"], [error.fault])
