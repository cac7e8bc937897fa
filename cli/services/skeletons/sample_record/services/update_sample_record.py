"""Changing a sample record."""

from uuid import UUID

from sqlalchemy import func, update
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.core.errors import NothingToChange
from chassis.web.etag import PreconditionFailed, Tags
from sample_record.entity_versions import as_read
from sample_record.models import SampleRecord
from sample_record.schemas import SampleRecordUpdate
from sample_record.services.get_sample_record import get_sample_record


async def update_sample_record(
    session: AsyncSession, sample_record_id: UUID, user_id: UUID, change: SampleRecordUpdate, if_match: Tags | None
) -> SampleRecord:
    """
    Change the named fields of one of a person's sample records.

    Raises:
        NothingToChange: No field is named (422).
        SampleRecordNotFound: It does not exist, or belongs to another person (404).
        PreconditionFailed: It has changed since the version of *if_match* (412).
    """
    values = change.model_dump(exclude_none=True)
    if not values:
        raise NothingToChange
    own = SampleRecord.id == sample_record_id, SampleRecord.user_id == user_id
    edit = (
        update(SampleRecord)
        .where(*own, as_read(if_match))
        .values(**values, version=SampleRecord.version + 1, updated_at=func.now())
    )
    updated: SampleRecord | None = await session.scalar(edit.returning(SampleRecord))
    if updated is None:
        await get_sample_record(session, sample_record_id, user_id)
        raise PreconditionFailed
    return updated
