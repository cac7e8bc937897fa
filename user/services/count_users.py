"""Counting accounts."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from user.models import UserCount


async def count_users(session: AsyncSession) -> int:
    """Return the number of accounts that are not deleted; a trigger maintains it."""
    return int(await session.scalar(select(func.sum(UserCount.accounts))) or 0)
