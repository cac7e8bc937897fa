"""Event batches: the body and the answer of a service's route ``POST /events``."""

from collections.abc import Iterable
from typing import Annotated, Any, Literal
from uuid import UUID

import structlog
from fastapi import Depends, Request
from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from chassis.core import context as request_context
from chassis.core.context import RequestContext
from chassis.core.errors import Forbidden
from chassis.core.types import AnyJson
from chassis.dispatch.call import Call
from chassis.messaging.event import publisher_of, source_of
from chassis.telemetry import tracing

log = structlog.get_logger(__name__)

PATH = "/events"
CALL_TIMEOUT_S = 4.0
"""The timeout of delivering a batch; shorter than the lease."""
MOST_EVENTS = 100
"""The largest number of events in a batch."""
MOST_BODY_BYTES = 256 * 1024
"""The largest sealed batch, independent of MAX_BODY_BYTES; more than relays send (``outbox.MOST_BATCH_BYTES``)."""
UNKNOWN_TYPE = "unknown_type"
NOT_HANDLED = "Nobody here handles this type."
"""The reason of a refusal with ``UNKNOWN_TYPE``. Until November 2026 consumers sent it without the code."""

_Text = Annotated[str, StringConstraints(max_length=1000)]


class ForeignEvent(Forbidden):
    """A peer delivers events of another service (403)."""

    code = "foreign_event"
    message = "A service delivers its own events only."


class CloudEvent(BaseModel):
    """An event as it arrives; unknown attributes are ignored."""

    specversion: Literal["1.0"]
    id: UUID
    source: _Text
    type: Annotated[str, StringConstraints(max_length=100)]
    time: AwareDatetime
    subject: _Text | None = None
    dataschema: _Text | None = None
    userid: UUID | None = None
    requestid: _Text = "-"
    traceparent: _Text | None = None
    data: dict[str, AnyJson] = {}

    @property
    def context(self) -> RequestContext:
        """The request that caused the event."""
        context = RequestContext(self.requestid)
        context.join(self.traceparent or "")
        return context


class Acknowledgement(BaseModel):
    """
    The result of consuming an event.

    Attributes:
        code: Why it was refused, if the publisher acts on it: ``unknown_type``. Not a separate outcome, which
            publishers of earlier releases could not read.
    """

    id: UUID
    outcome: Literal["accepted", "duplicate", "refused"]
    reason: str | None = None
    code: str | None = None

    @property
    def is_deferral(self) -> bool:
        """Whether the consumer may accept the event after an upgrade."""
        return self.outcome == "refused" and (self.code == UNKNOWN_TYPE or self.reason == NOT_HANDLED)


EventBatch = Annotated[list[CloudEvent], Field(max_length=MOST_EVENTS)]


async def _delivered(batch: EventBatch, request: Request) -> Any:  # noqa: ANN401 - see below
    caller: str = request.state.caller
    for event in batch:
        if event.source != source_of(caller) or publisher_of(event.type) != caller:
            raise ForeignEvent
    return batch


Delivered = Annotated[list[CloudEvent], Depends(_delivered)]
"""A batch with only the events of the sealed caller; 403 otherwise. For routes with ``service`` access."""


def delivery_to(consumer: str) -> Call[list[CloudEvent], list[Acknowledgement]]:
    """Declare the call that delivers a batch of events."""
    return Call(
        consumer,
        "POST",
        PATH,
        sends=EventBatch,
        returns=list[Acknowledgement],
        timeout_s=CALL_TIMEOUT_S,
        idempotency="repeatable",
    )


def publishers_of(event_types: Iterable[str]) -> set[str]:
    """Return the publishers of these types."""
    return {publisher_of(event_type) for event_type in event_types}


def acknowledge(
    event: CloudEvent,
    outcome: Literal["accepted", "duplicate", "refused"],
    reason: str | None = None,
    code: str | None = None,
) -> Acknowledgement:
    """Return the outcome of an event; logs it and adds it to the trace of the request that caused it."""
    with request_context.within(event.context) as cause:
        log.info("event acknowledged", event_type=event.type, event_id=str(event.id), outcome=outcome, reason=reason)
    tracing.consume(event.type, outcome, cause.traceparent)
    return Acknowledgement(id=event.id, outcome=outcome, reason=reason, code=code)
