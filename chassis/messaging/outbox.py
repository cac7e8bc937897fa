"""
The transactional outbox: an event is stored in the transaction that causes it, and delivered afterwards.

So an event is published if and only if its transaction was committed. The relay
(chassis/messaging/relay.py) delivers it at least once, and each consumer handles it once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import inf
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, ColumnElement, Update, case, func, literal
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.core import json as strict_json
from chassis.messaging.event import Event, cloud_event, envelope
from chassis.postgres.database import Postgres
from chassis.postgres.statements import Notify, Part, Row, Statement, run_in
from chassis.postgres.tables import outbox

MOST_BYTES = 64 * 1024
"""The largest event in JSON: it must fit into a sealed request."""
LEASE_S = 6.0
"""How long a relay leases an event; if the relay is killed, another one takes the event afterwards."""
FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 5.0
DOUBLINGS = 10
"""The pause before an event is retried is drawn from [0, min(5 s, 0.1 s * 2^attempts)]."""
REFUSALS_UNTIL_DEAD = 10
MOST_BATCH_BYTES = 128 * 1024
"""The largest total of a batch of several events; sealed, it is a third larger (``event_batch.MOST_BODY_BYTES``)."""
DEFER_FOR = timedelta(hours=24)
"""How long an event is tried again if its consumer does not know the type: the consumer may be upgraded."""
FIRST_DEFERRAL_S = 5.0
LONGEST_DEFERRAL_S = 300.0
DEFERRAL_SHARE = 0.25
"""A deferred event pauses for up to a quarter of the time since its first deferral (5 s to 5 min), half at least."""


class EventTooLarge(ValueError):
    """The event exceeds 64 KiB; it should carry ids, not contents."""


@dataclass(frozen=True, slots=True)
class Publish(Part):
    """
    Stores an event if the statement's query ``happened`` returns one row, and notifies the delivery workers.

    The statement's last query returns the number of stored rows in ``published``.
    """

    event: Event

    queries: ClassVar[str] = """
        published AS (
            INSERT INTO outbox (event_id, aggregate, message, listener)
            SELECT CAST(:event_id AS uuid), :aggregate, :message, unnest(CAST(:listeners AS text[])) FROM happened
            RETURNING listener
        )
    """

    def values(self, service: str) -> Mapping[str, Any]:
        """
        Return the event as *service* publishes it.

        Raises:
            EventTooLarge: The event exceeds 64 KiB.
        """
        message = cloud_event(self.event, service)
        encoded = strict_json.dumps(message)
        if len(encoded) > MOST_BYTES:
            raise EventTooLarge(self.event.type)
        return {
            "event_id": UUID(message["id"]),
            "aggregate": message["subject"],
            "message": encoded.decode(),
            "listeners": self.event.consumers,
        }

    def after_commit(self, rows: Sequence[Row], notify: Notify) -> None:
        """Notify the delivery workers if the event was stored."""
        if rows and rows[0]["published"]:
            notify(self.event.consumers)


@dataclass(frozen=True, slots=True)
class PublishEach(Part):
    """
    Stores an event of one type for each row of ``happened``: its ``event_id``, ``subject`` and ``data`` (jsonb).

    For small events whose data only the statement knows. The last query returns ``published``, as for ``Publish``.
    """

    kind: type[Event]

    queries: ClassVar[str] = """
        published AS (
            INSERT INTO outbox (event_id, aggregate, message, listener)
            SELECT event_id, subject,
                CAST(:envelope AS jsonb) || jsonb_build_object('id', event_id, 'subject', subject, 'data', data),
                unnest(CAST(:listeners AS text[]))
            FROM happened
            RETURNING listener
        )
    """

    def values(self, service: str) -> Mapping[str, Any]:
        """Return the attributes that the events share."""
        return {"envelope": strict_json.dumps(envelope(self.kind, service)).decode(), "listeners": self.kind.consumers}

    def after_commit(self, rows: Sequence[Row], notify: Notify) -> None:
        """Notify the delivery workers if events were stored."""
        if rows and rows[0]["published"]:
            notify(self.kind.consumers)


_ADD = Statement("happened AS (SELECT)", Publish, "SELECT count(*) AS published FROM published")

# One lookup in ix_outbox_waiting for each row: the first entry at or after its subject, which is one of its subject.
# With an equality, the planner would scan the primary key while it believes that all rows are of one subject. With NOT
# EXISTS and no statistics, it would compare all rows with each other: 22 s for 20,000 of them instead of 0.1 s.
TAKE = Statement(
    """
    due AS (
        SELECT position, octet_length(message) AS bytes FROM outbox
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
    fitting AS (
        SELECT position FROM (SELECT position, bytes, sum(bytes) OVER (ORDER BY position) AS total FROM due) AS sized
        WHERE total <= :most_bytes OR total = bytes
    )""",
    """
    taken AS (
        UPDATE outbox SET due_at = now() + :lease FROM fitting WHERE outbox.position = fitting.position
        RETURNING outbox.position, event_id, message, created_at
    )""",
    """
    SELECT taken.*, CASE
        WHEN (SELECT count(*) FROM due) > (SELECT count(*) FROM fitting) THEN 0
        ELSE later.seconds
    END AS seconds
    FROM (
        SELECT CAST(EXTRACT(epoch FROM min(due_at) - now()) AS float8) AS seconds FROM outbox
        WHERE listener = :listener AND dead_at IS NULL AND due_at > now()
    ) AS later LEFT JOIN taken ON true
    ORDER BY position
    """,
)
"""The statement of ``claim``, one round trip: an event wakes every worker of a service, and all but one find none."""
_FORGET = Statement("DELETE FROM outbox WHERE position = ANY(CAST(:positions AS bigint[]))")


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event on its way to one consumer."""

    position: int
    event_id: UUID
    message: str
    created_at: datetime


async def add(session: AsyncSession, event: Event) -> None:
    """
    Publish an event if, and only if, the transaction is committed.

    What was changed before is flushed first: a transaction that changes the same row waits here, so events of one
    subject are stored in the order in which they happened.

    Raises:
        EventTooLarge: The event exceeds 64 KiB.
    """
    await run_in(session, _ADD, {}, Publish(event))


async def claim(database: Postgres, listener: str, most: int) -> tuple[list[Delivery], float]:
    """
    Lease up to *most* events for a consumer, in order and up to ``MOST_BATCH_BYTES``, for ``LEASE_S``.

    Only the earliest event of each subject is returned, so that none overtakes another. Events that other relays have
    locked are skipped.

    Returns:
        The events, and the seconds until the next paused or leased event is due: infinite if there is none, 0 if the
        batch had no room for an event that is due.
    """
    lease = timedelta(seconds=LEASE_S)
    values = {"listener": listener, "most": most, "most_bytes": MOST_BATCH_BYTES, "lease": lease}
    rows = await database.run(TAKE, values)
    seconds = rows[0]["seconds"]
    deliveries = [Delivery(*tuple(row)[:-1]) for row in rows if row["position"] is not None]
    return deliveries, inf if seconds is None else seconds


async def forget(database: Postgres, delivered: Sequence[Delivery]) -> None:
    """Delete acknowledged events."""
    await database.run(_FORGET, {"positions": [delivery.position for delivery in delivered]})


async def postpone(session: AsyncSession, failed: Sequence[Delivery], reason: str) -> None:
    """Try events again after a pause, without a limit on tries: the consumer was unreachable."""
    await session.execute(_again(reason, _soon()).where(_among(failed)))


async def refuse(session: AsyncSession, delivery: Delivery, reason: str | None) -> bool:
    """Try a refused event again; the tenth time it is dead. Returns whether it is."""
    is_last = outbox.c.refusals + 1 >= REFUSALS_UNTIL_DEAD
    statement = (
        _again(reason, _soon())
        .where(_among([delivery]))
        .values(refusals=outbox.c.refusals + 1, dead_at=case((is_last, func.now())))
        .returning(outbox.c.dead_at)
    )
    return await session.scalar(statement) is not None


async def defer(session: AsyncSession, deliveries: Sequence[Delivery], reason: str) -> set[int]:
    """
    Try events again later whose type the consumer does not know yet.

    Returns:
        The positions of the events that are dead now, after ``DEFER_FOR``.
    """
    since = func.coalesce(outbox.c.deferred_since, func.now())
    waited_s = func.extract("epoch", func.now() - since)
    longest_s = func.greatest(FIRST_DEFERRAL_S, func.least(LONGEST_DEFERRAL_S, waited_s * DEFERRAL_SHARE))
    statement = (
        _again(reason, longest_s * (0.5 + func.random() / 2))
        .where(_among(deliveries))
        .values(deferred_since=since, dead_at=case((func.now() - since >= DEFER_FOR, func.now())))
        .returning(outbox.c.position, outbox.c.dead_at)
    )
    return {position for position, dead_at in await session.execute(statement) if dead_at}


def _among(deliveries: Sequence[Delivery]) -> ColumnElement[bool]:
    # Not IN: SQLAlchemy would render that anew for every call.
    return outbox.c.position == func.any(literal([delivery.position for delivery in deliveries], ARRAY(BigInteger)))


def _soon() -> ColumnElement[float]:
    """Return a random pause in seconds; its maximum doubles with each attempt."""
    longest_s = func.least(LONGEST_PAUSE_S, FIRST_PAUSE_S * func.power(2, func.least(outbox.c.attempts, DOUBLINGS)))
    return func.random() * longest_s


def _again(reason: str | None, pause_s: ColumnElement[float]) -> Update:
    pause = func.make_interval(0, 0, 0, 0, 0, 0, pause_s)
    return outbox.update().values(
        attempts=outbox.c.attempts + 1, due_at=func.clock_timestamp() + pause, last_error=(reason or "")[:500]
    )
