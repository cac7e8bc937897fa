"""Taking in messages of Segment's clients."""

from typing import Any

from analytics.batches import EventReader, Refusal, kept
from analytics.metrics import Via
from analytics.retention import Retention
from analytics.schemas.segment import Message, MessageBatch
from analytics.segment import message_document
from analytics.services.record_documents import record_documents
from chassis.clock import utc_now
from chassis.errors import BadRequest
from chassis.mongodb import MotorDatabase

_READER = EventReader(Message, "messageId")


class InvalidMessages(BadRequest):
    """None of the messages can be stored."""

    code = "invalid_messages"
    message = "None of the messages can be stored."


async def record_messages(database: MotorDatabase, retention: Retention, sent: MessageBatch) -> None:
    """
    Store the messages that can be, acknowledged by a majority. The others are counted and logged.

    Clients do not understand that some are refused: told of an error they would drop, or send again, all of them.

    Raises:
        InvalidMessages: There are some, and none can be stored (400).
        DatabaseUnavailable: Nobody knows what was stored; sent again, each message counts once (503).
    """
    now = utc_now()
    messages = _READER.read([_with_common(message, sent) for message in sent.batch])
    documents = (one if isinstance(one, Refusal) else message_document(one, now) for one in messages)
    outcomes = await record_documents(database, list(kept(documents, retention)), Via.SEGMENT)
    refused = [outcome for outcome in outcomes if outcome["status"] == "invalid"]
    if refused and len(refused) == len(outcomes):
        fault = refused[0]["errors"][0]
        raise InvalidMessages(f"None of the messages can be stored; the first: {fault.pointer} {fault.detail}.")


def _with_common(message: Any, batch: MessageBatch) -> Any:  # noqa: ANN401 - JSON is what it is
    """Add to a message what its batch says of all of them."""
    if not isinstance(message, dict):
        return message
    common: dict[str, Any] = {"sentAt": batch.sent_at, "context": batch.context}
    return {**common, **{name: value for name, value in message.items() if value is not None}}
