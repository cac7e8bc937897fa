"""
Consuming events in a service with PostgreSQL: each event is handled once, however often it is delivered.

The same transaction handles an event and stores its id.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from itertools import chain

import structlog
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.core import context as request_context
from chassis.core.errors import AppError
from chassis.core.problems import documented
from chassis.core.together import together
from chassis.idempotency.kinds import REPEATABLE
from chassis.messaging.event_batch import (
    MOST_BODY_BYTES,
    NOT_HANDLED,
    PATH,
    UNKNOWN_TYPE,
    Acknowledgement,
    CloudEvent,
    Delivered,
    ForeignEvent,
    acknowledge,
    publishers_of,
)
from chassis.postgres.database import Database, Postgres
from chassis.postgres.purge import Expiry
from chassis.postgres.tables import inbox
from chassis.sealing.access import service
from chassis.web.routing import Router

log = structlog.get_logger(__name__)

Handler = Callable[[AsyncSession, CloudEvent], Awaitable[None]]
"""Handles an event; an error of status 4xx refuses it."""

AT_ONCE = 5
"""
Fewer than a worker has connections, since requests need some too.

Each event is a transaction of its own, whose commit waits for the disk: one after the other, a consumer takes some
hundred events a second.
"""
INBOX_DAYS = 30
INBOX_EXPIRY = Expiry(inbox.c.received_at, timedelta(days=INBOX_DAYS))
"""How long the id of an event is stored."""

_SERVER_ERROR = 500


class _Duplicate(Exception):
    """The event was handled before."""


def inbox_router(handlers: Mapping[str, Handler]) -> Router:
    """
    Return the route ``POST /events``.

    Args:
        handlers: By event type.
    """
    router = Router("", "deliveries", "Events that other services deliver.")

    @router.post(
        PATH,
        access=service(*publishers_of(handlers)),
        idempotency=REPEATABLE,
        max_body=MOST_BODY_BYTES,
        responses=documented(ForeignEvent),
    )
    async def consume_events(events: Delivered, database: Database) -> list[Acknowledgement]:
        """Consume a batch of events from their publisher; returns the outcome of each."""
        return await _take_all(database, events, handlers)

    return router


async def _take_all(
    database: Postgres, events: Sequence[CloudEvent], handlers: Mapping[str, Handler]
) -> list[Acknowledgement]:
    """Handle ``AT_ONCE`` subjects at a time, and the events of one subject in their order."""
    turn, subjects = asyncio.Semaphore(AT_ONCE), defaultdict[object, list[CloudEvent]](list)
    for event in events:
        subjects[event.subject or event.id].append(event)

    async def take(of_one_subject: Sequence[CloudEvent]) -> list[tuple[CloudEvent, Acknowledgement]]:
        async with turn:
            return [(event, await _take(database, event, handlers.get(event.type))) for event in of_one_subject]

    taken = chain.from_iterable(await together(*map(take, subjects.values())))
    outcomes = {id(event): acknowledgement for event, acknowledgement in taken}
    return [outcomes[id(event)] for event in events]


async def _take(database: Postgres, event: CloudEvent, handle: Handler | None) -> Acknowledgement:
    if handle is None:
        return acknowledge(event, "refused", NOT_HANDLED, UNKNOWN_TYPE)
    try:
        with request_context.within(event.context):
            await _handle_once(database, event, handle)
    except _Duplicate:
        return acknowledge(event, "duplicate")
    except AppError as error:
        if error.status >= _SERVER_ERROR:
            raise  # the batch is redelivered, and the events handled by now are duplicates then
        return acknowledge(event, "refused", error.message)
    except Exception:  # a handler's bug affects its own event only: it is redelivered, and dead after ten times
        log.exception("event handler failed", event_type=event.type, event_id=str(event.id))
        return acknowledge(event, "refused", "The consumer's handler raised an unexpected error.")
    return acknowledge(event, "accepted")


async def _handle_once(database: Postgres, event: CloudEvent, handle: Handler) -> None:
    remember = insert(inbox).values(event_id=event.id).on_conflict_do_nothing().returning(inbox.c.event_id)
    async with database.transaction() as session:
        if await session.scalar(remember) is None:
            raise _Duplicate
        await handle(session, event)
