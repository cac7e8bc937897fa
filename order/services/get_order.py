"""Reading an order on behalf of a person."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth.tokens import Identity
from order.errors import OrderNotFound
from order.models import Order


async def get_order(session: AsyncSession, user: Identity, order_id: UUID, *, lock: bool = False) -> Order:
    """
    Return one of a person's orders, or any order to an admin.

    Args:
        lock: Keep others from changing it until the transaction ends.

    Raises:
        OrderNotFound: It does not exist, or belongs to another person (404).
    """
    query = select(Order).where(Order.id == order_id)
    if "admin" not in user.roles:
        query = query.where(Order.user_id == user.user_id)
    if lock:
        query = query.with_for_update(key_share=True)
    order = await session.scalar(query)
    if order is None:
        raise OrderNotFound
    return order
