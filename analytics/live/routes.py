"""The stream of new events, and one event."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request

from analytics.errors import EventNotFound
from analytics.live.change_stream import Reader, TooManyReaders, TooManyStreams
from analytics.live.get_event import get_event
from analytics.live.last_events import last_events
from analytics.live.stream_events import stream_events
from analytics.parts import parts_of
from analytics.queries.answers import TimelineEvent
from chassis.application import application_of
from chassis.core.problems import documented
from chassis.dependencies import ANALYST, CurrentUser
from chassis.mongodb.database import Database, Document, MongoDB
from chassis.sealing.access import optional, public
from chassis.web.event_stream import HEADERS, EventStream, still_allowed
from chassis.web.routing import service_router

Last = Annotated[int, Query(ge=0, le=100, description="After `open`, this many of the last events come first.")]

router = service_router("analytics", "events")


async def _reader(request: Request, analyst: CurrentUser) -> AsyncIterator[Reader]:
    with parts_of(request).live.reading(analyst.user_id) as reader:
        yield reader


def _reading_last(request: Request, most: int) -> Callable[[], Awaitable[list[bytes]]]:
    """Return a function that reads the last events; it is called while the answer is sent."""
    store = application_of(request.app).store
    assert isinstance(store, MongoDB)

    async def read() -> list[bytes]:
        if not most:
            return []
        async with store.use() as database:
            return await last_events(database, most)

    return read


@router.get(
    "/events/live",
    access=public(),
    auth=ANALYST,
    response_class=EventStream,
    responses=documented(TooManyStreams, TooManyReaders),
)
async def live(request: Request, reader: Annotated[Reader, Depends(_reader)], last: Last = 0) -> EventStream:
    """
    Follow new events (server-sent events); never sealed, because a seal needs the whole answer.

    After `open` no event is missed, and one of the `last` may come twice; `overrun` has the number of events
    dropped for a slow reader. The stream ends with the service, and within 15 s of the access token's end.
    """
    draining = application_of(request.app).draining
    events = stream_events(reader, still_allowed(request), lambda: draining.has_begun, _reading_last(request, last))
    return EventStream(events, headers=HEADERS)


@router.get(
    "/events/{event_id}",
    access=optional(),
    auth=ANALYST,
    response_model=TimelineEvent,
    responses=documented(EventNotFound),
)
async def event(event_id: UUID, database: Database) -> Document:
    """Read an event with its data."""
    return await get_event(database, event_id)
