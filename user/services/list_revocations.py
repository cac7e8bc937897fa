"""Listing revoked sessions for other services."""

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from user.models import UserSession
from user.schemas import Revocations

WINDOW = timedelta(minutes=20)
"""An access token lives for 15 minutes, so earlier revocations concern no valid token."""
OVERLAP = timedelta(seconds=30)
"""A revocation becomes visible when it is committed, perhaps seconds after its time; so lists overlap."""


async def list_revocations(session: AsyncSession, since: datetime | None) -> Revocations:
    """Return the sessions revoked since a time of this database's clock, and the time for the next request."""
    now = await session.scalar(select(func.now()))
    assert now is not None
    begin = max(since - OVERLAP, now - WINDOW) if since else now - WINDOW
    sessions = await session.scalars(select(UserSession.id).where(UserSession.revoked_at >= begin))
    return Revocations(sessions=list(sessions), until=now)
