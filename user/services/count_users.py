"""Counting accounts."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from user.models import User


async def count_users(session: AsyncSession) -> int:
    """Count the accounts that are not deleted."""
    return await session.scalar(select(func.count()).where(User.deleted_at.is_(None))) or 0
