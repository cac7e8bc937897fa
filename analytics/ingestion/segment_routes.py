"""The HTTP API of Segment, so that its clients can be pointed here (docs/analytics.md, "Segment")."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import TypeAdapter, ValidationError

from analytics.dependencies import Keeping, SegmentKeyHolder
from analytics.ingestion.batch_json import read_batch
from analytics.ingestion.check_write_key import InvalidWriteKey
from analytics.ingestion.lenient_json import read_leniently
from analytics.ingestion.properties import MAX_BYTES
from analytics.ingestion.record_messages import InvalidMessages, record_messages
from analytics.ingestion.schemas import MAX_BATCH_BYTES
from analytics.ingestion.segment_schemas import MOST_MESSAGES, Kind, Message, MessageBatch, Success
from chassis.core import json as strict_json
from chassis.core.errors import BadRequest, PayloadTooLarge, ServiceUnavailable, documented
from chassis.mongodb.database import Database
from chassis.sealing.access import bodies, public, unrepeatable
from chassis.web.routing import Route

_ERRORS = documented(BadRequest, InvalidMessages, InvalidWriteKey, PayloadTooLarge, ServiceUnavailable)
_BATCH = TypeAdapter(MessageBatch)

router = APIRouter(
    prefix="/v1", tags=["segment"], route_class=Route, dependencies=[SegmentKeyHolder], responses=_ERRORS
)


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
"""The body, whatever its Content-Type; 400 if it is no JSON object."""
SentBatch = Annotated[dict[str, Any], Depends(_sent_batch)]
"""The same; its messages are read each by itself."""


def _body(form: type[Message | MessageBatch]) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": form.model_json_schema()}}}}


@router.post("/b", include_in_schema=False)
@router.post("/import", include_in_schema=False)
@router.post("/import/", include_in_schema=False)
@router.post("/batch", operation_id="segment_batch", openapi_extra=_body(MessageBatch))
@unrepeatable
@bodies(MAX_BATCH_BYTES, gzip=True)
@public
async def batch(sent: SentBatch, database: Database, retention: Keeping) -> Success:
    """Record messages that a client has collected (500 KB, 32 KB of data each)."""
    try:
        messages = _BATCH.validate_python(sent)
    except ValidationError as error:
        raise InvalidMessages(f"Not a batch of messages: {error.errors()[0]['msg']}.") from error
    await record_messages(database, retention, messages)
    return Success()


def _add_call(kind: Kind) -> None:
    @router.post(f"/{kind[0]}", include_in_schema=False)
    @router.post(f"/{kind}", operation_id=f"segment_{kind}", openapi_extra=_body(Message), name=kind)
    @unrepeatable
    @bodies(MAX_BYTES, gzip=True)
    @public
    async def call(sent: SentMessage, database: Database, retention: Keeping) -> Success:
        """Record one message (32 KB), whose type the address says."""
        await record_messages(database, retention, MessageBatch(batch=[{**sent, "type": kind}]))
        return Success()


for _kind in Kind:
    _add_call(_kind)
