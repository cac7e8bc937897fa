"""Converting messages of Segment clients to events (docs/analytics.md, "Segment")."""

from datetime import datetime
from typing import Any

from analytics.ingestion.batches import Refusal
from analytics.ingestion.documents import EARLIEST, MOST_AHEAD
from analytics.ingestion.event_ids import event_id
from analytics.ingestion.lenient_json import storable
from analytics.ingestion.person_ids import person_id
from analytics.ingestion.properties import check_data
from analytics.ingestion.segment_schemas import Kind, Message
from analytics.metrics import MENDED
from chassis.core.errors import FieldError
from chassis.core.types import new_id
from chassis.mongodb.database import Document

SOURCE = "/segment"
CONTEXT = ("app", "campaign", "library", "locale", "os", "page", "referrer", "screen", "timezone")
"""The stored parts of a message's context: no address, place, device or browser that could identify a person."""


def message_document(message: Message, now: datetime) -> Document | Refusal:
    """Return the document of a message, or its errors."""
    try:
        return _document(message, now)
    except ValueError as error:
        fault = FieldError(location="event", pointer="", code="value_error", detail=str(error))
        return Refusal(message.message_id, [fault])


def _document(message: Message, now: datetime) -> Document:
    return {
        "_id": event_id(message.message_id) if message.message_id else str(new_id()),
        "type": message.event if message.type is Kind.TRACK else str(message.type),
        "source": SOURCE,
        "subject": None,
        "user_id": message.user_id and person_id(message.user_id),
        "anonymous_id": message.anonymous_id and person_id(message.anonymous_id),
        "occurred_at": _occurred_at(message, now),
        "received_at": now,
        "data": _checked(_data(message)),
    }


def _occurred_at(message: Message, now: datetime) -> datetime:
    """Correct the time by the client's clock, as Segment does, unless the result is impossible."""
    claimed = message.original_timestamp or message.timestamp
    if claimed is None or message.sent_at is None:
        return claimed or now
    try:
        corrected = now - (message.sent_at - claimed)
    except OverflowError:
        return claimed
    return corrected if EARLIEST <= corrected <= now + MOST_AHEAD else claimed


def _checked(data: dict[str, Any]) -> dict[str, Any]:
    """
    Return the data without values that cannot be stored.

    Raises:
        ValueError: There is too much data.
    """
    try:
        return check_data(data)
    except ValueError:
        mended = check_data(storable(data))
    MENDED.labels("bounds").inc()
    return mended


def _data(message: Message) -> dict[str, Any]:
    """Merge the fields of a message; its own properties come last, because its sender chose them."""
    about = {
        "name": message.name,
        "category": message.category,
        "groupId": message.group_id,
        "previousId": message.previous_id and person_id(message.previous_id),
        "context": {name: message.context[name] for name in CONTEXT if name in message.context},
    }
    return {**{name: value for name, value in about.items() if value}, **_traits(message), **message.properties}


def _traits(message: Message) -> dict[str, Any]:
    """RudderStack's clients send the traits of an identify in its context."""
    also = message.context.get("traits") if message.type is Kind.IDENTIFY else None
    return {**also, **message.traits} if isinstance(also, dict) else message.traits
