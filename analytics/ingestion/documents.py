"""The stored form of events."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from analytics.ingestion.schemas import AnyEvent
from analytics.retention import Retention
from chassis.core.errors import FieldError, InvalidRequest
from chassis.core.types import new_id
from chassis.messaging.event import source_of
from chassis.mongodb.database import Document

_ORDERS = source_of("order")
_CONFIRMED = "order.confirmed"


EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
MOST_AHEAD = timedelta(days=1)
"""How far a sender's clock may be ahead of ours."""


class WrongTime(InvalidRequest):
    """The time of an event is impossible, or older than its type is kept (422)."""

    code = "wrong_time"
    message = "The time of an event must be after 1999 and at most a day ahead of now; check the clock."

    @property
    def fault(self) -> FieldError:
        """The error, in the form of a batch item."""
        return FieldError(location="event", pointer="/time", code=self.code, detail=self.message)


class EventTooOld(WrongTime):
    """By the retention of its type, now or earlier, the event would already be deleted (422)."""

    code = "event_too_old"


def event_document(event: AnyEvent, now: datetime) -> Document:
    """Return the document of an event; a missing id is generated, a missing time is now."""
    document = {
        "_id": event.id or str(new_id()),
        "type": event.type,
        "source": event.source,
        "subject": event.subject,
        "user_id": event.userid,
        "anonymous_id": None,
        "occurred_at": event.time or now,
        "received_at": now,
        "data": event.data,
    }
    if event.type == _CONFIRMED and event.source == _ORDERS:
        document |= _revenue(event.data)
    return document


def _revenue(data: Mapping[str, Any]) -> Document:
    currency, minor = data.get("currency"), data.get("total_price_minor")
    if not isinstance(currency, str) or not isinstance(minor, int):
        return {}  # the order has no total
    return {"revenue": {"currency": currency, "minor": minor}}


def keep(document: Document, retention: Retention) -> Document:
    """
    Return the document with its time in UTC, and with its expiry if it has one.

    This is done here instead of where events are parsed, because reading the clock for every event of a batch takes as
    long as parsing one.

    Raises:
        WrongTime: The time is impossible.
        EventTooOld: The event would already be deleted.
    """
    kind, occurred_at = document["type"], document["occurred_at"]
    if not EARLIEST <= occurred_at <= document["received_at"] + MOST_AHEAD:
        raise WrongTime
    document["occurred_at"] = occurred_at.astimezone(UTC)
    if not retention.takes(kind, occurred_at):
        raise EventTooOld(f"Events of type {kind} are kept for {retention.days[kind]} days; this one is older.")
    if expires_at := retention.expires_at(kind, occurred_at):
        document["expires_at"] = expires_at
    return document
