"""Reading the history of an order."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth.tokens import Identity
from order.models import OrderTransition
from order.schemas import History
from order.services.get_order import get_order


async def get_history(session: AsyncSession, user: Identity, order_id: UUID) -> History:
    """
    Return each status that an order came to, with its time and cause, the oldest first.

    Raises:
        OrderNotFound: It does not exist, or belongs to another person (404).
    """
    await get_order(session, user, order_id)
    query = select(OrderTransition).where(OrderTransition.order_id == order_id).order_by(OrderTransition.at)
    return History.model_validate({"items": (await session.scalars(query)).all()})
