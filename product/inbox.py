"""Handlers of the events of orders."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.messaging.event_batch import CloudEvent
from chassis.messaging.inbox import inbox_router
from product.services.fulfil_reservation import fulfil_reservation
from product.services.release_reservation import release_reservation


async def _release(session: AsyncSession, event: CloudEvent) -> None:
    await release_reservation(session, _order(event))


async def _fulfil(session: AsyncSession, event: CloudEvent) -> None:
    await fulfil_reservation(session, _order(event))


def _order(event: CloudEvent) -> UUID:
    return UUID(event.subject or "")


router = inbox_router(
    {
        "order.cancelled": _release,
        "order.expired": _release,
        "order.rejected": _release,
        "order.fulfilled": _fulfil,
    }
)
