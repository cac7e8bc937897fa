"""Storing messages of Segment's clients."""

from typing import Any

from analytics.ingestion.batches import EventReader, Refusal, kept
from analytics.ingestion.check_write_key import SEGMENT_MEMBERS
from analytics.ingestion.properties import check_data
from analytics.ingestion.record_documents import record_documents
from analytics.ingestion.segment import CONTEXT, message_document
from analytics.ingestion.segment_schemas import Message, MessageBatch
from analytics.metrics import Via
from analytics.retention import Retention
from chassis.core import json as strict_json
from chassis.core.clock import utc_now
from chassis.core.errors import BadRequest
from chassis.mongodb.database import MotorDatabase

MAX_CONTEXT_BYTES = 2048
"""The context of a batch is stored with each of its messages, which may be 2,500."""
_READER = EventReader(Message, "messageId")


class InvalidMessages(BadRequest):
    """None of the messages can be stored."""

    code = "invalid_messages"
    message = "None of the messages can be stored."
    members = SEGMENT_MEMBERS


async def record_messages(
    database: MotorDatabase, retention: Retention, publishers: frozenset[str], sent: MessageBatch
) -> None:
    """
    Store the valid messages, acknowledged by a majority. The others are counted and logged.

    Clients do not handle partial refusals: after an error they would drop, or send again, the whole batch.

    Raises:
        InvalidMessages: There are messages, and none can be stored (400).
        DatabaseUnavailable: It is unknown which messages were stored; sent again, each counts once (503).
    """
    now = utc_now()
    common: dict[str, Any] = {"sentAt": sent.sent_at, "context": _bounded(sent.context)}
    messages = _READER.read([_with_common(message, common) for message in sent.batch], publishers)
    documents = (one if isinstance(one, Refusal) else message_document(one, now) for one in messages)
    outcomes = await record_documents(database, list(kept(documents, retention)), Via.SEGMENT)
    refused = [outcome for outcome in outcomes if outcome["status"] == "invalid"]
    if refused and len(refused) == len(outcomes):
        fault = refused[0]["errors"][0]
        raise InvalidMessages(f"None of the messages can be stored; the first error: {fault.pointer} {fault.detail}.")


def _bounded(context: dict[str, Any]) -> dict[str, Any]:
    """Return the parts of a batch's context that are stored with each of its messages."""
    kept_parts = {name: context[name] for name in CONTEXT if name in context}
    try:
        size = len(strict_json.dumps(check_data(kept_parts)))
    except ValueError as error:
        raise InvalidMessages(f"The context of the batch {error}.") from error
    if size > MAX_CONTEXT_BYTES:
        raise InvalidMessages(f"The context of the batch must be at most {MAX_CONTEXT_BYTES} bytes of JSON.")
    return kept_parts


def _with_common(message: Any, common: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON is what it is
    """Add the common fields of the batch to a message."""
    if not isinstance(message, dict):
        return message
    return {**common, **{name: value for name, value in message.items() if value is not None}}
