"""Erasing a person."""

from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from sample_record.models import SampleRecord


async def erase_person(session: AsyncSession, user_id: UUID) -> None:
    """Delete all sample records of a person. Repeating it has no further effect."""
    await session.execute(delete(SampleRecord).where(SampleRecord.user_id == user_id))
