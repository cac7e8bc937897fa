"""Reading one's own order."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth.tokens import Identity
from order.errors import OrderNotFound
from order.models import Order


async def get_order(session: AsyncSession, user: Identity, order_id: UUID) -> Order:
    """
    Give one of a person's orders.

    Raises:
        OrderNotFound: It does not exist, or is somebody else's (404).
    """
    order = await session.scalar(select(Order).where(Order.id == order_id, Order.user_id == user.user_id))
    if order is None:
        raise OrderNotFound
    return order
