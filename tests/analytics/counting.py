"""Events to count."""

from collections.abc import Sequence
from datetime import UTC, datetime

from analytics.counting.dirty_minutes import mark_dirty
from analytics.models import DIRTY_MINUTES, EVENTS
from chassis.core.clock import utc_now
from chassis.core.types import new_id
from chassis.mongodb.database import Document, MotorDatabase

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def event(at: datetime = NOON, kind: str = "page.viewed", **more: object) -> Document:
    """An event in its stored form."""
    return {
        "_id": str(new_id()),
        "type": kind,
        "source": "/clients",
        "subject": None,
        "user_id": None,
        "occurred_at": at,
        "received_at": utc_now(),
        "data": {},
        **more,
    }


def sale(minor: int, currency: str = "EUR", at: datetime = NOON) -> Document:
    """A confirmed order."""
    return event(at, "order.confirmed", revenue={"currency": currency, "minor": minor})


async def store_without_counts(database: MotorDatabase, events: Sequence[Document]) -> None:
    """Store events under a mark that is due and has no counts, as a process leaves it that dies: they are recounted."""
    mark = await mark_dirty(database, events)
    await database[EVENTS].insert_many(events)
    await database[DIRTY_MINUTES].update_one({"_id": mark["_id"]}, {"$set": {"settled_at": utc_now()}})
