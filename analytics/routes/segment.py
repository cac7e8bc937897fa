"""The HTTP API of Segment, so that its clients can be pointed here (docs/analytics.md, "Segment")."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import TypeAdapter, ValidationError

from analytics.dependencies import Keeping, KeyHolder
from analytics.properties import MAX_BYTES
from analytics.schemas.events import MAX_BATCH_BYTES, MOST_COMMAS
from analytics.schemas.segment import Kind, Message, MessageBatch, Success
from analytics.services.check_write_key import InvalidWriteKey
from analytics.services.record_messages import InvalidMessages, record_messages
from chassis import strict_json
from chassis.errors import BadRequest, PayloadTooLarge, ServiceUnavailable, documented
from chassis.mongodb import Database
from chassis.routing import Route
from chassis.sealing.modes import bodies, public

_ERRORS = documented(BadRequest, InvalidMessages, InvalidWriteKey, PayloadTooLarge, ServiceUnavailable)
_BATCH = TypeAdapter(MessageBatch)

router = APIRouter(prefix="/v1", tags=["segment"], route_class=Route, dependencies=[KeyHolder], responses=_ERRORS)


async def _sent(request: Request) -> dict[str, Any]:
    try:
        body = strict_json.loads(await request.body(), MOST_COMMAS)
    except strict_json.InvalidJson as error:
        raise BadRequest(f"Not valid JSON: {error}") from error
    if not isinstance(body, dict):
        raise BadRequest("The body must be a JSON object.")
    return body


Sent = Annotated[dict[str, Any], Depends(_sent)]
"""The body, whatever its Content-Type; 400 if it is no JSON object."""


def _body(form: type[Message | MessageBatch]) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": form.model_json_schema()}}}}


@router.post("/batch", operation_id="segment_batch", openapi_extra=_body(MessageBatch))
@bodies(MAX_BATCH_BYTES, gzip=True)
@public
async def batch(sent: Sent, database: Database, retention: Keeping) -> Success:
    """Record messages that a client has collected (500 KB, 32 KB of data each)."""
    try:
        messages = _BATCH.validate_python(sent)
    except ValidationError as error:
        raise InvalidMessages(f"Not a batch of messages: {error.errors()[0]['msg']}.") from error
    await record_messages(database, retention, messages)
    return Success()


def _add_call(kind: Kind) -> None:
    @router.post(f"/{kind}", operation_id=f"segment_{kind}", openapi_extra=_body(Message), name=kind)
    @bodies(MAX_BYTES, gzip=True)
    @public
    async def call(sent: Sent, database: Database, retention: Keeping) -> Success:
        """Record one message (32 KB), whose type the address says."""
        await record_messages(database, retention, MessageBatch(batch=[{**sent, "type": kind}]))
        return Success()


for _kind in Kind:
    _add_call(_kind)
