"""Cancelling an order."""

from functools import partial
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth.tokens import Identity
from chassis.postgres.statements import run_in
from order.errors import NotPossible
from order.models import Order, OrderStatus
from order.services.get_order import get_order
from order.services.transition_order import transition_order


async def cancel_order(session: AsyncSession, user: Identity, order_id: UUID) -> Order:
    """
    Cancel an order, also while its saga is under way; has no effect on one that is cancelled.

    The product service returns the units to the stock when it consumes the event, and refuses to reserve more.

    Raises:
        OrderNotFound: It does not exist, or belongs to another person (404).
        NotPossible: It is fulfilled, rejected or expired (409).
    """
    order = await get_order(session, user, order_id, lock=True)
    if order.status == OrderStatus.CANCELLED:
        return order
    cause = "cancelled_by_customer" if order.user_id == user.user_id else "cancelled_by_admin"
    if not await transition_order(partial(run_in, session), order, OrderStatus.CANCELLED, cause):
        raise NotPossible(f"This order is {order.status}; only a pending or confirmed order can be cancelled.")
    return order
