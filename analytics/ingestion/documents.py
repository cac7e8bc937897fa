"""The form in which events are stored."""

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
"""So far may a sender's clock be ahead of ours."""


class WrongTime(InvalidRequest):
    """An event cannot have happened when it says, or is not kept for so long."""

    code = "wrong_time"
    message = "An event must not be of before the year 2000, nor more than a day ahead of now; is the clock right?"

    @property
    def fault(self) -> FieldError:
        """What is wrong with the event, as one of a batch is told."""
        return FieldError(location="event", pointer="/time", code=self.code, detail=self.message)


class EventTooOld(WrongTime):
    """By the retention of its type, that of now or of before, the event would be gone already."""

    code = "event_too_old"


def event_document(event: AnyEvent, now: datetime) -> Document:
    """Give the document of an event; one without an id gets a new one, one without a time is of now."""
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
        return {}  # of an order that cost nothing, nothing is known
    return {"revenue": {"currency": currency, "minor": minor}}


def keep(document: Document, retention: Retention) -> Document:
    """
    Give the document with its time in UTC, and with the time at which it is deleted, if it ever is.

    Here, not where the event is read: looking at the clock for every event of a batch takes as long as reading one.

    Raises:
        WrongTime: It cannot have happened then.
        EventTooOld: By now it would be gone.
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
