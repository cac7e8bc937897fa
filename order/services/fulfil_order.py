"""Fulfilling an order."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth.tokens import Identity
from order.errors import NotPossible
from order.models import Order, OrderStatus
from order.services.get_order import get_order
from order.services.move_order import move_order


async def fulfil_order(session: AsyncSession, admin: Identity, order_id: UUID) -> Order:
    """
    Note that an order has left the house; again has no further effect.

    Raises:
        OrderNotFound: It does not exist (404).
        NotPossible: It is not confirmed (409).
    """
    order = await get_order(session, admin, order_id)
    moved = await move_order(session, order_id, OrderStatus.FULFILLED, "fulfilled_by_admin")
    await session.refresh(order)
    if not moved and order.status != OrderStatus.FULFILLED:
        raise NotPossible(f"A {order.status} order cannot be fulfilled.")
    return order
