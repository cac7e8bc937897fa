"""
The transactional outbox: an event is stored in the transaction that makes it true, and delivered afterwards.

So an event is announced if and only if its transaction was committed. The relay (chassis/relay.py) delivers it at least
once, and each listener takes it once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import inf
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, ColumnElement, Update, case, func, literal
from sqlalchemy.event import listen as on
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import strict_json
from chassis.bell import Bell
from chassis.events import Event, cloud_event
from chassis.postgres import Postgres
from chassis.statement import Statement
from chassis.tables import outbox

MOST_BYTES = 64 * 1024
"""Of one event in JSON: it must fit into a request, sealed."""
LEASE_S = 6.0
"""For how long a relay that has taken an event has it to itself; if it is killed, another one takes it then."""
FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 5.0
DOUBLINGS = 10
"""Before an event is tried again: drawn from [0, min(5 s, 0.1 s * 2^attempts)]."""
REFUSALS_UNTIL_DEAD = 10

ANNOUNCE = """
    announced AS (
        INSERT INTO outbox (event_id, aggregate, message, listener)
        SELECT CAST(:event_id AS uuid), :aggregate, :message, unnest(CAST(:listeners AS text[])) FROM happened
        RETURNING listener
    )
"""
"""
The query with which a statement announces an event (``row``) if there is one row in its query ``happened``; afterwards
``Postgres.bell`` is to be rung.
"""
_ADD = Statement("happened AS (SELECT)", ANNOUNCE, "SELECT listener FROM announced")

# One look into ix_outbox_waiting for each row: the first entry at or after its subject, which is one of its subject. As
# an equality, the planner would walk the primary key instead while it believes that all rows are of one subject, and as
# NOT EXISTS while it has no statistics: all rows with all, 22 s for 20,000 of them in place of 0.1 s.
TAKE = Statement(
    """
    due AS (
        SELECT position FROM outbox
        WHERE listener = :listener AND dead_at IS NULL AND due_at <= now() AND position = (
            SELECT same.position FROM outbox AS same
            WHERE (same.listener, same.aggregate) >= (outbox.listener, outbox.aggregate) AND same.dead_at IS NULL
            ORDER BY same.listener, same.aggregate, same.position
            LIMIT 1
        )
        ORDER BY position
        LIMIT :most
        FOR UPDATE SKIP LOCKED
    )""",
    """
    taken AS (
        UPDATE outbox SET due_at = now() + :lease FROM due WHERE outbox.position = due.position
        RETURNING outbox.position, event_id, message, created_at
    )""",
    """
    SELECT taken.*, later.seconds
    FROM (
        SELECT CAST(EXTRACT(epoch FROM min(due_at) - now()) AS float8) AS seconds FROM outbox
        WHERE listener = :listener AND dead_at IS NULL AND due_at > now()
    ) AS later LEFT JOIN taken ON true
    ORDER BY position
    """,
)
"""What ``claim`` does, in one round trip: each worker of a service is woken for an event, and all but one find none."""
_FORGET = Statement("DELETE FROM outbox WHERE position = ANY(CAST(:positions AS bigint[]))")


class EventTooLarge(ValueError):
    """An event of more than 64 KiB; it should carry ids, not contents."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event on its way to one listener."""

    position: int
    event_id: UUID
    message: str
    created_at: datetime


async def add(session: AsyncSession, event: Event) -> None:
    """
    Announce an event when, and only if, the transaction is committed.

    What was changed before is flushed first: whoever changes the same row waits for it, so events of one subject are
    stored in the order in which they happened.

    Raises:
        EventTooLarge: Over 64 KiB.
    """
    await session.flush()
    await session.execute(_ADD.text, row(event, session.info["service"]))
    bell: Bell = session.info["bell"]
    on(session.sync_session, "after_commit", lambda _session: bell.ring(event.listeners), once=True)


def row(event: Event, service: str) -> dict[str, Any]:
    """
    Give the values with which a statement of *service* announces an event (``ANNOUNCE``).

    Raises:
        EventTooLarge: Over 64 KiB.
    """
    message = cloud_event(event, service)
    encoded = strict_json.dumps(message)
    if len(encoded) > MOST_BYTES:
        raise EventTooLarge(event.type)
    return {
        "event_id": UUID(message["id"]),
        "aggregate": message["subject"],
        "message": encoded.decode(),
        "listeners": event.listeners,
    }


async def claim(database: Postgres, listener: str, most: int) -> tuple[list[Delivery], float]:
    """
    Take up to *most* events for a listener, in their order, for ``LEASE_S``.

    Of each subject only the earliest is given, so that none overtakes another; what other relays hold is left to them.

    Returns:
        The events, and the seconds until one that is paused or leased is due again; infinite if there is no such event.
    """
    rows = await database.run(TAKE, {"listener": listener, "most": most, "lease": timedelta(seconds=LEASE_S)})
    seconds = rows[0]["seconds"]
    deliveries = [Delivery(*tuple(row)[:-1]) for row in rows if row["position"] is not None]
    return deliveries, inf if seconds is None else seconds


async def forget(database: Postgres, delivered: Sequence[Delivery]) -> None:
    """Delete what the listener has."""
    await database.run(_FORGET, {"positions": [delivery.position for delivery in delivered]})


async def postpone(session: AsyncSession, failed: Sequence[Delivery], reason: str) -> None:
    """Try events again after a pause, however often that takes: the listener was not there."""
    await session.execute(_again(reason).where(_among(failed)))


async def refuse(session: AsyncSession, delivery: Delivery, reason: str | None) -> bool:
    """Try an event again that its listener has refused; the tenth time it is dead, which is told."""
    is_last = outbox.c.refusals + 1 >= REFUSALS_UNTIL_DEAD
    statement = (
        _again(reason)
        .where(_among([delivery]))
        .values(refusals=outbox.c.refusals + 1, dead_at=case((is_last, func.now())))
        .returning(outbox.c.dead_at)
    )
    return await session.scalar(statement) is not None


def _among(deliveries: Sequence[Delivery]) -> ColumnElement[bool]:
    # Not IN: SQLAlchemy writes that anew for every call.
    return outbox.c.position == func.any(literal([delivery.position for delivery in deliveries], ARRAY(BigInteger)))


def _again(reason: str | None) -> Update:
    longest = func.least(LONGEST_PAUSE_S, FIRST_PAUSE_S * func.power(2, func.least(outbox.c.attempts, DOUBLINGS)))
    pause = func.make_interval(0, 0, 0, 0, 0, 0, func.random() * longest)
    return outbox.update().values(
        attempts=outbox.c.attempts + 1, due_at=func.clock_timestamp() + pause, last_error=(reason or "")[:500]
    )
