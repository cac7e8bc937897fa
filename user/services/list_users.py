"""Listing accounts."""

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.pagination import PageRequest, Slice
from user.models import User
from user.normalise import name_key
from user.schemas import UserFilter


async def list_users(session: AsyncSession, page: PageRequest, only: UserFilter) -> Slice[User]:
    """Give one page of the accounts that are not deleted and fit the filter, newest first."""
    query = select(User).where(User.deleted_at.is_(None)).order_by(User.id.desc()).limit(page.limit + 1)
    if page.after:
        query = query.where(User.id < page.after)
    if only.q:
        prefix = name_key(only.q)
        query = query.where(
            or_(
                User.username_key.startswith(prefix, autoescape=True),
                User.email_key.startswith(prefix, autoescape=True),
            )
        )
    if only.role:
        query = query.where(User.role == only.role)
    if only.is_active is not None:
        query = query.where(User.is_active.is_(only.is_active))
    rows = (await session.scalars(query)).all()
    return page.slice(rows, lambda user: user.id)
