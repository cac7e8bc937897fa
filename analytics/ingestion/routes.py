"""Routes for events of clients."""

from typing import Any

from fastapi import Response

from analytics.dependencies import PEER_OR_KEY_HOLDER, Keeping
from analytics.ingestion.cloudevents import Form
from analytics.ingestion.documents import EventTooOld, WrongTime
from analytics.ingestion.record_batch import record_batch
from analytics.ingestion.record_event import record_event
from analytics.ingestion.schemas import MOST_EVENTS, BatchRead, CloudEventCreate, EventCreate, EventRead
from analytics.ingestion.sent_events import SentBatch, SentEvent
from chassis.core.errors import PayloadTooLarge, UnsupportedMediaType
from chassis.core.problems import documented
from chassis.idempotency.kinds import UNREPEATABLE
from chassis.mongodb.database import Database
from chassis.sealing.access import encrypted, optional
from chassis.web.routing import service_router

router = service_router("analytics", "events", "Sending events, following and exporting them.")

_SEALED_BATCH_BYTES = 1024 * 1024
"""The size of a sealed batch of 500 KB, and a margin."""
_EVENT, _CLOUD_EVENT = EventCreate.model_json_schema(), CloudEventCreate.model_json_schema()


def _body(**schemas: dict[str, Any]) -> dict[str, Any]:
    """Describe a body for OpenAPI by its forms: a dependency parses it, because it has several."""
    content = {str(Form[form]): {"schema": schema} for form, schema in schemas.items()}
    return {"requestBody": {"required": True, "content": content}}


def _many(event: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": event, "maxItems": MOST_EVENTS}


@router.post(
    "/events",
    access=encrypted(or_authorization=True),
    auth=PEER_OR_KEY_HOLDER,
    idempotency=UNREPEATABLE,
    status_code=201,
    responses=documented(
        UnsupportedMediaType,
        EventTooOld,
        WrongTime,
        beside={200: {"model": EventRead, "description": "The event was stored already"}},
    ),
    openapi_extra=_body(PLAIN=_EVENT, STRUCTURED=_CLOUD_EVENT),
)
async def record(event: SentEvent, database: Database, retention: Keeping, response: Response) -> EventRead:
    """
    Record an event; events with the same id are counted once.

    CloudEvents 1.0 are accepted in structured and in binary form too.
    """
    result = await record_event(database, retention, event)
    if result.status == "duplicate":
        response.status_code = 200
    return result


@router.post(
    "/events/batch",
    access=optional(),
    auth=PEER_OR_KEY_HOLDER,
    idempotency=UNREPEATABLE,
    max_body=_SEALED_BATCH_BYTES,
    responses=documented(PayloadTooLarge, UnsupportedMediaType),
    openapi_extra=_body(
        PLAIN={"type": "object", "properties": {"events": _many(_EVENT)}, "required": ["events"]},
        BATCH=_many(_CLOUD_EVENT),
    ),
)
async def record_many(batch: SentBatch, database: Database, retention: Keeping) -> BatchRead:
    """
    Record up to 500 events (500 KB in total, 32 KB of data each); returns the outcome of each, in order.

    An invalid event does not affect the others.
    """
    return {"items": await record_batch(database, retention, batch)}
