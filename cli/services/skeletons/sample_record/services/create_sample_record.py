"""Creating a sample record."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.messaging import outbox
from sample_record.events import SampleRecordCreated
from sample_record.models import SampleRecord
from sample_record.schemas import SampleRecordCreate


async def create_sample_record(session: AsyncSession, user_id: UUID, new: SampleRecordCreate) -> SampleRecord:
    """Store a sample record of a person, and publish ``sample_record.created`` in the same transaction."""
    created = SampleRecord(user_id=user_id, name=new.name, note=new.note)
    session.add(created)
    await session.flush()
    await outbox.add(session, SampleRecordCreated(subject=created.id, user_id=user_id))
    return created
