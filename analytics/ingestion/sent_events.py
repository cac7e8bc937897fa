"""The events of a request, in any supported form, as dependencies that a route declares."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import TypeAdapter, ValidationError

from analytics.dependencies import Publishers, is_sealed
from analytics.ingestion.batch_json import read_batch
from analytics.ingestion.batches import MOST_FAULTS, EventReader, Refusal
from analytics.ingestion.cloudevents import Form, attributes, form_of
from analytics.ingestion.publishers import PUBLISHERS
from analytics.ingestion.schemas import (
    MAX_BATCH_BYTES,
    MOST_COMMAS,
    MOST_EVENTS,
    CloudEventCreate,
    EventBatch,
    EventCreate,
    Events,
)
from chassis.core import json as strict_json
from chassis.core.errors import PayloadTooLarge, UnsupportedMediaType

T = TypeVar("T")

_EVENT, _CLOUD_EVENT = TypeAdapter(EventCreate), TypeAdapter(CloudEventCreate)
_BATCH, _CLOUD_EVENTS = TypeAdapter(EventBatch), TypeAdapter[list[Any]](Events)
_EVENTS_READER, _CLOUD_EVENTS_READER = EventReader(EventCreate), EventReader(CloudEventCreate)


async def _sent_event(request: Request, publishers: Publishers) -> EventCreate:
    body = await request.body()
    match form_of(_headers(request)):
        case Form.PLAIN:
            return _validated(_EVENT, _parsed(body), publishers)
        case Form.STRUCTURED:
            return _validated(_CLOUD_EVENT, _parsed(body), publishers)
        case Form.BINARY:
            return _validated(_CLOUD_EVENT, _binary(request, body), publishers)
    raise UnsupportedMediaType(
        f"Send {Form.PLAIN}, {Form.STRUCTURED}, or JSON beside ce- headers (with a JSON type, or none)."
    )


async def _sent_batch(request: Request, publishers: Publishers) -> Sequence[EventCreate | Refusal]:
    body = await request.body()
    if len(body) > MAX_BATCH_BYTES:
        raise PayloadTooLarge
    match form_of(_headers(request)):
        case Form.PLAIN:
            batch = _validated(_BATCH, await _parsed_batch(body, "events"), publishers)
            return _EVENTS_READER.read(batch.events, publishers)
        case Form.BATCH:
            events = _validated(_CLOUD_EVENTS, await _parsed_batch(body), publishers)
            return _CLOUD_EVENTS_READER.read(events, publishers)
    raise UnsupportedMediaType(f"Send {Form.PLAIN} or {Form.BATCH}.")


SentEvent = Annotated[EventCreate, Depends(_sent_event)]
"""One event; 415 if the form is not supported, 422 if it is not valid."""
SentBatch = Annotated[Sequence[EventCreate | Refusal], Depends(_sent_batch)]
"""A batch, in which each event is validated separately; 413 over 500 KB, 422 if its events cannot be separated."""


def _headers(request: Request) -> Mapping[str, str]:
    """In a sealed request only Content-Type is protected by the seal: the others may be forged."""
    return {"content-type": request.headers.get("content-type", "")} if is_sealed(request) else request.headers


def _parsed(body: bytes) -> Any:  # noqa: ANN401 - JSON is what it is
    try:
        return strict_json.loads(body, MOST_COMMAS)
    except strict_json.InvalidJson as error:
        raise _no_json(error) from error


async def _parsed_batch(body: bytes, name: str | None = None) -> Any:  # noqa: ANN401
    try:
        return await read_batch(body, name, MOST_EVENTS)
    except strict_json.InvalidJson as error:
        raise _no_json(error) from error


def _binary(request: Request, body: bytes) -> dict[str, Any]:
    try:
        found = attributes(request.headers.items())
    except ValueError as error:
        raise _invalid({"type": "bad_header", "loc": (), "msg": str(error)}) from error
    content_type = request.headers.get("content-type") or None
    return {**found, "datacontenttype": content_type, "data": _parsed(body) if body else {}}


def _validated(adapter: TypeAdapter[T], value: object, publishers: frozenset[str]) -> T:
    try:
        return adapter.validate_python(value, context={PUBLISHERS: publishers})
    except ValidationError as error:
        raise _invalid(*error.errors(include_url=False, include_input=False)[:MOST_FAULTS]) from error


def _no_json(error: strict_json.InvalidJson) -> RequestValidationError:
    return _invalid({"type": "json_invalid", "loc": (), "msg": "", "ctx": {"error": str(error)}})


def _invalid(*errors: Mapping[str, Any]) -> RequestValidationError:
    return RequestValidationError([{**error, "loc": ("body", *error["loc"])} for error in errors])
