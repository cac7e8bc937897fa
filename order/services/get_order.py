"""Reading an order that one may see."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth.tokens import Identity
from order.errors import OrderNotFound
from order.models import Order


async def get_order(session: AsyncSession, user: Identity, order_id: UUID) -> Order:
    """
    Give one of a person's orders; any to an admin.

    Raises:
        OrderNotFound: It does not exist, or is somebody else's (404).
    """
    query = select(Order).where(Order.id == order_id)
    if "admin" not in user.roles:
        query = query.where(Order.user_id == user.user_id)
    order = await session.scalar(query)
    if order is None:
        raise OrderNotFound
    return order
