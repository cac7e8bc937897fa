"""Fulfilling an order."""

from functools import partial
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth.tokens import Identity
from chassis.postgres.statements import run_in
from order.errors import NotPossible
from order.models import Order, OrderStatus
from order.services.get_order import get_order
from order.services.transition_order import transition_order


async def fulfil_order(session: AsyncSession, admin: Identity, order_id: UUID) -> Order:
    """
    Mark an order as shipped; has no effect on one that is fulfilled.

    Raises:
        OrderNotFound: It does not exist (404).
        NotPossible: It is not confirmed (409).
    """
    order = await get_order(session, admin, order_id, lock=True)
    if order.status == OrderStatus.FULFILLED:
        return order
    if not await transition_order(partial(run_in, session), order, OrderStatus.FULFILLED, "fulfilled_by_admin"):
        raise NotPossible(f"This order is {order.status}; only a confirmed order can be fulfilled.")
    return order
