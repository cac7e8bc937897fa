"""What arrives on a service's route ``POST /events``: events in batches, from the service that announces them."""

from collections.abc import Iterable
from typing import Annotated, Any, Literal
from uuid import UUID

import structlog
from fastapi import Depends, Request
from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from chassis import request_context, tracing
from chassis.errors import Forbidden
from chassis.events import announcer_of, source_of
from chassis.request_context import RequestContext

log = structlog.get_logger(__name__)

PATH = "/events"
MOST_EVENTS = 100
"""In one batch."""

_Text = Annotated[str, StringConstraints(max_length=1000)]


class ForeignEvent(Forbidden):
    """A peer delivers what another service announces."""

    code = "foreign_event"
    message = "A service delivers its own events only."


class CloudEvent(BaseModel):
    """An event as it arrives; attributes that nobody here knows are overlooked."""

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
    data: dict[str, Any] = {}

    @property
    def context(self) -> RequestContext:
        """The request that caused it."""
        return RequestContext(self.requestid, self.traceparent)


class Receipt(BaseModel):
    """What became of an event."""

    id: UUID
    outcome: Literal["accepted", "duplicate", "refused"]
    reason: str | None = None


async def _delivered(batch: Annotated[list[CloudEvent], Field(max_length=MOST_EVENTS)], request: Request) -> Any:  # noqa: ANN401 - see below
    caller: str = request.state.caller
    for event in batch:
        if event.source != source_of(caller) or announcer_of(event.type) != caller:
            raise ForeignEvent
    return batch


Delivered = Annotated[list[CloudEvent], Depends(_delivered)]
"""A batch in which the sealed caller speaks for itself alone; 403 if it does not. For routes of mode ``service``."""


def announcers_of(event_types: Iterable[str]) -> set[str]:
    """Give the services that announce these types."""
    return {announcer_of(event_type) for event_type in event_types}


def receipt(
    event: CloudEvent, outcome: Literal["accepted", "duplicate", "refused"], reason: str | None = None
) -> Receipt:
    """Say what became of an event; in the log and the trace of the request that caused it, too."""
    with request_context.within(event.context):
        log.info("event", event_type=event.type, event_id=str(event.id), outcome=outcome, reason=reason)
    tracing.hear(event.type, outcome, event.traceparent)
    return Receipt(id=event.id, outcome=outcome, reason=reason)
