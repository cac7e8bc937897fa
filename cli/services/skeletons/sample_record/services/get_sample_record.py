"""Reading a sample record."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from sample_record.errors import SampleRecordNotFound
from sample_record.models import SampleRecord


async def get_sample_record(session: AsyncSession, sample_record_id: UUID, user_id: UUID | None = None) -> SampleRecord:
    """
    Return a sample record; only of this person, if one is named.

    Raises:
        SampleRecordNotFound: It does not exist, or belongs to another person (404).
    """
    query = select(SampleRecord).where(SampleRecord.id == sample_record_id)
    if user_id:
        query = query.where(SampleRecord.user_id == user_id)
    found = await session.scalar(query)
    if found is None:
        raise SampleRecordNotFound
    return found
