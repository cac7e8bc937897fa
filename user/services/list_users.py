"""Listing accounts."""

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.web.listing import list_by_ids, list_newest
from chassis.web.pagination import PageRequest, Slice
from user.models import User
from user.names.identifiers import identifier_key
from user.schemas import UserFilter


async def list_users(session: AsyncSession, page: PageRequest, only: UserFilter) -> Slice[User]:
    """Return a page of the accounts that are not deleted and match the filter, newest first, or those that it names."""
    query = select(User).where(User.deleted_at.is_(None))
    if only.ids is not None:
        return await list_by_ids(session, query, User.id, only.ids)
    if only.q:
        prefix = identifier_key(only.q)
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
    return await list_newest(session, query, User.id, page)
