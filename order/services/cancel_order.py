"""Cancelling an order."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth.tokens import Identity
from order.errors import NotPossible
from order.models import Order, OrderStatus
from order.services.get_order import get_order
from order.services.move_order import move_order


async def cancel_order(session: AsyncSession, user: Identity, order_id: UUID) -> Order:
    """
    Cancel an order, also while its saga is under way; one that is cancelled already stays so.

    What product holds for it is given back when it hears of it; what it might still reserve later, it refuses then.

    Raises:
        OrderNotFound: It does not exist, or is somebody else's (404).
        NotPossible: It is fulfilled, or has ended otherwise (409).
    """
    order = await get_order(session, user, order_id)
    cause = "cancelled_by_customer" if order.user_id == user.user_id else "cancelled_by_admin"
    moved = await move_order(session, order_id, OrderStatus.CANCELLED, cause)
    await session.refresh(order)
    if not moved and order.status != OrderStatus.CANCELLED:
        raise NotPossible(f"A {order.status} order cannot be cancelled.")
    return order
