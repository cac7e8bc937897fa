"""Ending sessions."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import ColumnElement

from user.models import UserSession


async def end_sessions(session: AsyncSession, *which: ColumnElement[bool], because: str) -> Sequence[UUID]:
    """
    End the sessions that match all conditions; returns the ids of their users.

    Their refresh tokens become invalid; their access tokens are refused here at once, by other services within 5 s.
    """
    living = select(UserSession.id).where(UserSession.revoked_at.is_(None), *which)
    statement = (
        update(UserSession)
        # Locked in one order, so that two transactions that end the same sessions do not deadlock.
        .where(UserSession.id.in_(living.order_by(UserSession.id).with_for_update()))
        .values(revoked_at=func.clock_timestamp(), revoked_because=because)
        .returning(UserSession.user_id)
    )
    return (await session.scalars(statement)).all()
