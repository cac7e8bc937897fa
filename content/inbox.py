"""Handlers of the events of other services."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.messaging.event_batch import CloudEvent
from chassis.messaging.inbox import inbox_router
from content.services.forget_author import forget_author


async def _forget(session: AsyncSession, event: CloudEvent) -> None:
    await forget_author(session, UUID(event.subject or ""))


router = inbox_router({"user.deleted": _forget})
