"""Deleting a sample record."""

from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.web.etag import PreconditionFailed, Tags
from sample_record.entity_versions import as_read
from sample_record.models import SampleRecord
from sample_record.services.get_sample_record import get_sample_record


async def delete_sample_record(
    session: AsyncSession, sample_record_id: UUID, user_id: UUID, if_match: Tags | None
) -> None:
    """
    Delete one of a person's sample records.

    Raises:
        SampleRecordNotFound: It does not exist, or belongs to another person (404).
        PreconditionFailed: It has changed since the version of *if_match* (412).
    """
    own = SampleRecord.id == sample_record_id, SampleRecord.user_id == user_id
    removal = delete(SampleRecord).where(*own, as_read(if_match)).returning(SampleRecord.id)
    if await session.scalar(removal) is None:
        await get_sample_record(session, sample_record_id, user_id)
        raise PreconditionFailed
