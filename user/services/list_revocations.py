"""Telling the other services which access tokens are worth nothing any more."""

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from user.models import UserSession
from user.schemas import Revocations

WINDOW = timedelta(minutes=20)
"""An access token lives for 15 minutes: what was revoked longer ago concerns none."""
OVERLAP = timedelta(seconds=30)
"""A revocation is seen once it is committed, perhaps some seconds after its time; so each is told more than once."""


async def list_revocations(session: AsyncSession, since: datetime | None) -> Revocations:
    """Give the sessions that were revoked since a time of this database's clock, and the time to ask from next."""
    now = await session.scalar(select(func.now()))
    assert now is not None
    begin = max(since - OVERLAP, now - WINDOW) if since else now - WINDOW
    sessions = await session.scalars(select(UserSession.id).where(UserSession.revoked_at >= begin))
    return Revocations(sessions=list(sessions), until=now)
