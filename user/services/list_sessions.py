"""Listing one's own sessions."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth.tokens import Identity
from chassis.web.listing import list_newest
from chassis.web.pagination import PageRequest, Slice
from user.models import UserSession


async def list_sessions(session: AsyncSession, user: Identity, page: PageRequest) -> Slice[UserSession]:
    """Return a page of a person's active sessions, newest first."""
    mine = UserSession.user_id == user.user_id, UserSession.revoked_at.is_(None), UserSession.expires_at > func.now()
    return await list_newest(session, select(UserSession).where(*mine), UserSession.id, page)
