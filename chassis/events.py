"""
Domain events: facts in the past tense, sent as CloudEvents 1.0 (https://github.com/cloudevents/spec) to listeners.

They go out when the transaction is committed and the request answered; a delivery that fails is logged, and fails
nothing else.
"""

from typing import Annotated, Any, ClassVar
from uuid import UUID

import structlog
from fastapi import BackgroundTasks, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from chassis.clock import utc_now
from chassis.dispatch import deadline
from chassis.dispatch.dispatcher import Dispatch, Dispatcher
from chassis.errors import AppError
from chassis.ids import new_id

log = structlog.get_logger(__name__)

DELIVERY_TIMEOUT_S = 5.0


class Event(BaseModel):
    """
    A fact. A service subclasses it for each kind; its fields are the event's data.

    Attributes:
        type: What happened, as in ``order.confirmed``.
        subject: The id of what it happened to.
        user_id: The person whose activity it is.
    """

    model_config = ConfigDict(frozen=True)

    type: ClassVar[str]

    subject: UUID = Field(exclude=True)
    user_id: UUID | None = Field(default=None, exclude=True)


def cloud_event(event: Event, source: str) -> dict[str, Any]:
    """Write an event that *source* announces as a CloudEvent in JSON; each call makes a new event id."""
    return {
        "specversion": "1.0",
        "id": str(new_id()),
        "source": f"/services/{source}",
        "type": event.type,
        "subject": str(event.subject),
        "time": utc_now().isoformat(),
        "dataschema": f"urn:event:{event.type}:1",
        "userid": str(event.user_id) if event.user_id else None,
        "data": event.model_dump(mode="json"),
    }


class Announcer:
    """Announces the events of one request, once it has succeeded."""

    def __init__(
        self, background: BackgroundTasks, dispatcher: Dispatcher, source: str, listeners: tuple[str, ...]
    ) -> None:
        self._background = background
        self._dispatcher = dispatcher
        self._source = source
        self._listeners = listeners

    def announce(self, event: Event) -> None:
        """Send *event* to every listener after the answer; nothing is sent if the request fails."""
        message = cloud_event(event, self._source)
        for listener in self._listeners:
            self._background.add_task(_deliver, self._dispatcher, listener, message)


async def _deliver(dispatcher: Dispatcher, listener: str, message: dict[str, Any]) -> None:
    deadline.start(DELIVERY_TIMEOUT_S)  # the request's own time has ended with its answer
    try:
        await dispatcher.post(listener, f"/api/v1/{listener}/events", json=message, idempotency_key=message["id"])
    except AppError as error:
        log.warning(
            "event not delivered",
            listener=listener,
            event_type=message["type"],
            event_id=message["id"],
            reason=str(error),
        )


async def _announcer(request: Request, background: BackgroundTasks, dispatcher: Dispatch) -> Announcer:
    settings = request.app.state.settings
    return Announcer(background, dispatcher, settings.service_name, settings.announces_to)


Announce = Annotated[Announcer, Depends(_announcer)]
"""The request's announcer, as a route asks for it."""
