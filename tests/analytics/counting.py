"""Events to count."""

from datetime import UTC, datetime

from chassis.core.clock import utc_now
from chassis.core.types import new_id
from chassis.mongodb.database import Document

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
