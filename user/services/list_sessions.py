"""Listing one's own sessions."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth.tokens import Identity
from chassis.pagination import PageRequest, Slice
from user.models import UserSession


async def list_sessions(session: AsyncSession, user: Identity, page: PageRequest) -> Slice[UserSession]:
    """Give one page of a person's living sessions, newest first."""
    query = (
        select(UserSession)
        .where(UserSession.user_id == user.user_id, UserSession.revoked_at.is_(None))
        .where(UserSession.expires_at > func.now())
        .order_by(UserSession.id.desc())
        .limit(page.limit + 1)
    )
    if page.after:
        query = query.where(UserSession.id < page.after)
    rows = (await session.scalars(query)).all()
    return page.slice(rows, lambda one: one.id)
