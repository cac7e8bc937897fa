"""Counting accounts."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from user.models import User


async def count_users(session: AsyncSession) -> int:
    """Count all accounts."""
    return await session.scalar(select(func.count()).select_from(User)) or 0
