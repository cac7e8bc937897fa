"""Erasing a person's origins from the audit log."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.postgres.database import Postgres
from user.models import HAS_ORIGIN, AuditEntry, AuditErasure

BATCH = 1000
ERASE_EVERY_S = 10.0


async def erase_audit(session: AsyncSession, user_id: UUID) -> bool:
    """
    Erase network address and device from up to BATCH entries in which a person acted, and as many about the account.

    Returns:
        Whether these were all.
    """
    acted = AuditEntry.actor_id == user_id
    alone = and_(AuditEntry.actor_id.is_(None), AuditEntry.user_id == user_id)
    return await _erase(session, acted) + await _erase(session, alone) == 0


async def continue_erasures(database: Postgres) -> None:
    """Erase what the request that deleted the account left over, each batch in its own transaction."""
    while await _continue_one(database):
        pass


async def _continue_one(database: Postgres) -> bool:
    """Erase a batch of one person that no other worker is erasing, if there is one."""
    oldest = select(AuditErasure.user_id).order_by(AuditErasure.asked_at).limit(1).with_for_update(skip_locked=True)
    async with database.transaction() as session:
        user_id = await session.scalar(oldest)
        if user_id and await erase_audit(session, user_id):
            await session.execute(delete(AuditErasure).where(AuditErasure.user_id == user_id))
    return user_id is not None


async def _erase(session: AsyncSession, whose: ColumnElement[bool]) -> bool:
    """Erase a batch; returns whether it was full, so that there may be more."""
    batch = select(AuditEntry.id).where(whose, HAS_ORIGIN).limit(BATCH)
    erase = update(AuditEntry).where(AuditEntry.id == func.any(func.array(batch.scalar_subquery())))
    options = {"synchronize_session": False}
    result: Any = await session.execute(erase.values(address=None, user_agent=None), execution_options=options)
    return bool(result.rowcount == BATCH)
