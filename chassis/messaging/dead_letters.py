"""Dead letters: events that a consumer has refused for good, kept until an operator replays them."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.postgres.notifier import CHANNEL
from chassis.postgres.tables import outbox


class DeadLetter(NamedTuple):
    """An event that a consumer has refused for good."""

    event_id: UUID
    listener: str
    message: str
    dead_at: datetime
    reason: str


async def list_dead(session: AsyncSession) -> Sequence[DeadLetter]:
    """Return all dead letters, the oldest event first."""
    columns = outbox.c.event_id, outbox.c.listener, outbox.c.message, outbox.c.dead_at, outbox.c.last_error
    query = select(*columns).where(outbox.c.dead_at.is_not(None)).order_by(outbox.c.position)
    return [DeadLetter(*row) for row in await session.execute(query)]


async def replay(session: AsyncSession, event_id: UUID | None) -> int:
    """Deliver one again, or all, with ten new tries; returns their number. Later events may have arrived before."""
    revive = (
        outbox.update()
        .where(outbox.c.dead_at.is_not(None))
        .values(dead_at=None, refusals=0, attempts=0, deferred_since=None, due_at=func.now())
        .returning(func.pg_notify(CHANNEL, outbox.c.listener))
    )
    if event_id:
        revive = revive.where(outbox.c.event_id == event_id)
    return len((await session.execute(revive)).all())
