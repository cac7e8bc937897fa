"""Deleting what is of no use any more."""

from datetime import timedelta

from sqlalchemy import delete, func
from sqlalchemy.ext.asyncio import AsyncSession

from user.models import AuditEntry, EmailToken, FamiliarNetwork, Throttle, UserSession
from user.throttle import FORGET_AFTER

KEEP_AUDIT = timedelta(days=400)
KEEP_SESSIONS = timedelta(days=1)
"""After the end of a session; its access tokens have long expired then."""


async def forget_expired(session: AsyncSession) -> None:
    """Delete what has expired or ended, attempts long past, and audit entries older than 400 days."""
    now = func.now()
    for rows in (
        delete(UserSession).where(UserSession.expires_at < now - KEEP_SESSIONS),
        delete(UserSession).where(UserSession.revoked_at < now - KEEP_SESSIONS),
        delete(EmailToken).where(EmailToken.expires_at < now),
        delete(FamiliarNetwork).where(FamiliarNetwork.expires_at < now),
        delete(Throttle).where(Throttle.last_at < now - FORGET_AFTER, Throttle.blocked_until < now),
        delete(AuditEntry).where(AuditEntry.at < now - KEEP_AUDIT),
    ):
        await session.execute(rows)
