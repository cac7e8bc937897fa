"""The HTTP API of Segment, for Segment's clients (docs/analytics.md, "Segment")."""

from typing import Annotated, Any

from fastapi import Depends, Request
from pydantic import TypeAdapter, ValidationError

from analytics.dependencies import KEY_HOLDER, Keeping, Publishers
from analytics.ingestion.batch_json import read_batch
from analytics.ingestion.lenient_json import read_leniently
from analytics.ingestion.properties import MAX_BYTES
from analytics.ingestion.record_messages import InvalidMessages, record_messages
from analytics.ingestion.schemas import MAX_BATCH_BYTES
from analytics.ingestion.segment_schemas import MOST_MESSAGES, Kind, Message, MessageBatch, Success
from chassis.core import json as strict_json
from chassis.core.errors import BadRequest
from chassis.core.problems import documented
from chassis.idempotency.kinds import UNREPEATABLE
from chassis.mongodb.database import Database
from chassis.sealing.access import public
from chassis.web.routing import Router

_BATCH = TypeAdapter(MessageBatch)

router = Router("/v1", "segment", "The HTTP API of Segment, for its clients.")


async def _sent_message(request: Request) -> dict[str, Any]:
    try:
        return _as_object(read_leniently(await request.body()))
    except strict_json.InvalidJson as error:
        raise BadRequest(f"Not valid JSON: {error}") from error


async def _sent_batch(request: Request) -> dict[str, Any]:
    try:
        return _as_object(await read_batch(await request.body(), "batch", MOST_MESSAGES, read_leniently))
    except strict_json.InvalidJson as error:
        raise BadRequest(f"Not valid JSON: {error}") from error


def _as_object(body: object) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise BadRequest("The body must be a JSON object.")
    return body


SentMessage = Annotated[dict[str, Any], Depends(_sent_message)]
"""The body, whatever its Content-Type; 400 if it is not a JSON object."""
SentBatch = Annotated[dict[str, Any], Depends(_sent_batch)]
"""The same; its messages are parsed separately."""


def _body(form: type[Message | MessageBatch]) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": form.model_json_schema()}}}}


@router.post(
    "/batch",
    also=("/b", "/import", "/import/"),
    access=public(),
    auth=KEY_HOLDER,
    idempotency=UNREPEATABLE,
    max_body=MAX_BATCH_BYTES,
    gzip=True,
    operation_id="segment_batch",
    openapi_extra=_body(MessageBatch),
    responses=documented(InvalidMessages),
)
async def batch(sent: SentBatch, database: Database, retention: Keeping, publishers: Publishers) -> Success:
    """Record messages that a client has collected (500 KB, 32 KB of data each)."""
    try:
        messages = _BATCH.validate_python(sent)
    except ValidationError as error:
        raise InvalidMessages(f"Not a batch of messages: {error.errors()[0]['msg']}.") from error
    await record_messages(database, retention, publishers, messages)
    return Success()


def _add_call(kind: Kind) -> None:
    @router.post(
        f"/{kind}",
        also=[f"/{kind[0]}"],
        access=public(),
        auth=KEY_HOLDER,
        idempotency=UNREPEATABLE,
        max_body=MAX_BYTES,
        gzip=True,
        operation_id=f"segment_{kind}",
        openapi_extra=_body(Message),
        name=kind,
        responses=documented(InvalidMessages),
    )
    async def call(sent: SentMessage, database: Database, retention: Keeping, publishers: Publishers) -> Success:
        """Record one message (32 KB); the path is its type."""
        await record_messages(database, retention, publishers, MessageBatch(batch=[{**sent, "type": kind}]))
        return Success()


for _kind in Kind:
    _add_call(_kind)
