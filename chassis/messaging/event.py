"""
Domain events: facts in the past tense, written as CloudEvents 1.0 (https://github.com/cloudevents/spec).

A service declares its events in its ``events.py``, publishes with ``outbox.add``, and consumes others on its route
``POST /events`` (chassis/messaging/event_batch.py).
"""

from collections.abc import Iterable
from typing import Any, ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from chassis.core import context as request_context
from chassis.core.clock import utc_now
from chassis.core.types import new_id
from chassis.dispatch.call import Call


class Event(BaseModel):
    """
    A domain event. A service subclasses it for each type; the fields are the event's data.

    Attributes:
        type: What happened, as in ``order.confirmed``; begins with the name of the publisher.
        consumers: The services to which it is delivered.
        subject: The id of what it happened to. Events of one subject reach each consumer in their order.
        user_id: The person whose activity it is.
    """

    model_config = ConfigDict(frozen=True)

    type: ClassVar[str]
    consumers: ClassVar[tuple[str, ...]]

    subject: UUID | str = Field(exclude=True)
    user_id: UUID | None = Field(default=None, exclude=True)

    @classmethod
    def dataschema(cls) -> str:
        """Return the URN of the schema of its data."""
        return f"urn:event:{cls.type}:1"


def source_of(service: str) -> str:
    """Return the CloudEvents source of a service."""
    return f"/services/{service}"


def publisher_of(event_type: str) -> str:
    """Return the service that publishes this type of event."""
    return event_type.partition(".")[0]


def cloud_event(event: Event, service: str) -> dict[str, Any]:
    """Write an event that *service* publishes as a CloudEvent in JSON; each call makes a new event id."""
    own = {"id": str(new_id()), "subject": str(event.subject), "data": event.model_dump(mode="json")}
    whose = {"userid": str(event.user_id)} if event.user_id else {}
    return {**envelope(type(event), service), **own, **whose}


def envelope(kind: type[Event], service: str) -> dict[str, Any]:
    """
    Write the common part of all CloudEvents of a type that *service* publishes in this request.

    It carries the ids of the request, so that the trace continues at the consumer.
    """
    context = request_context.current()
    common = {
        "specversion": "1.0",
        "source": source_of(service),
        "type": kind.type,
        "time": utc_now(),
        "dataschema": kind.dataschema(),
        "requestid": context.request_id if context else None,
        "traceparent": context.traceparent if context else None,
    }
    return {name: value for name, value in common.items() if value is not None}


def peers_of(
    calls: Iterable[Call[Any, Any]] = (), events: Iterable[type[Event]] = (), tokens_from: str | None = None
) -> frozenset[str]:
    """Return the names of the services that it calls; each needs a link and a ``<NAME>_SERVICE_URL``."""
    called = {call.service for call in calls}
    consumers = {consumer for event in events for consumer in event.consumers}
    return frozenset(called | consumers | ({tokens_from} if tokens_from else set()))
