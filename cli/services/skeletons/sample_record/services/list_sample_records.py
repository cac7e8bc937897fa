"""Listing a person's sample records."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.web.listing import list_newest
from chassis.web.pagination import PageRequest, Slice
from sample_record.models import SampleRecord
from sample_record.schemas import SampleRecordFilter


async def list_sample_records(
    session: AsyncSession, user_id: UUID, page: PageRequest, only: SampleRecordFilter
) -> Slice[SampleRecord]:
    """Return one page of those of a person that match the filter, newest first."""
    query = select(SampleRecord).where(SampleRecord.user_id == user_id)
    if only.archived is not None:
        query = query.where(SampleRecord.archived == only.archived)
    return await list_newest(session, query, SampleRecord.id, page)
