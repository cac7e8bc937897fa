"""Handlers of the events of other services."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.messaging.event_batch import CloudEvent
from chassis.messaging.inbox import inbox_router
from sample_record.services.erase_person import erase_person


async def _erase(session: AsyncSession, event: CloudEvent) -> None:
    await erase_person(session, UUID(event.subject or ""))


router = inbox_router({"user.deleted": _erase})
