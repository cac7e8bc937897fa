"""Reading an account."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from user.errors import UserNotFound
from user.models import User


async def get_user(session: AsyncSession, user_id: UUID, *, for_update: bool = False) -> User:
    """
    Return an account that is not deleted.

    Args:
        for_update: Lock it until the end of the transaction.

    Raises:
        UserNotFound: There is no such account (404).
    """
    query = select(User).where(User.id == user_id, User.deleted_at.is_(None))
    user = await session.scalar(query.with_for_update() if for_update else query)
    if user is None:
        raise UserNotFound
    return user
