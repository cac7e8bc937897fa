"""Bringing an order to its next status."""

from uuid import UUID

from sqlalchemy import ARRAY, Text, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.messaging import outbox
from order.events import (
    OrderCancelled,
    OrderConfirmed,
    OrderEvent,
    OrderExpired,
    OrderFulfilled,
    OrderRejected,
)
from order.metrics import count_transition
from order.models import OrderStatus

_FROM = {
    OrderStatus.CONFIRMED: (OrderStatus.PENDING,),
    OrderStatus.REJECTED: (OrderStatus.PENDING,),
    OrderStatus.EXPIRED: (OrderStatus.PENDING,),
    OrderStatus.FULFILLED: (OrderStatus.CONFIRMED,),
    OrderStatus.CANCELLED: (OrderStatus.PENDING, OrderStatus.CONFIRMED),
}
"""The state machine: from where each status can be reached."""
_EVENTS: dict[OrderStatus, type[OrderEvent]] = {
    OrderStatus.CONFIRMED: OrderConfirmed,
    OrderStatus.REJECTED: OrderRejected,
    OrderStatus.EXPIRED: OrderExpired,
    OrderStatus.FULFILLED: OrderFulfilled,
    OrderStatus.CANCELLED: OrderCancelled,
}

_MOVE = text("""
    WITH moved AS (
        UPDATE orders SET status = :to, cause = :cause, resume_at = NULL
        WHERE id = :order_id AND status = ANY (:from)
        RETURNING id, user_id, status, cause, total_price_minor, currency
    ), noted AS (
        INSERT INTO order_transitions (order_id, status, cause) SELECT id, status, cause FROM moved
    )
    SELECT id AS subject, user_id, total_price_minor, currency, cause FROM moved
""").bindparams(bindparam("from", type_=ARRAY(Text)))
# Apart from _MOVE: if that has waited for somebody who wrote the prices, it would not see them.
_LINES = text(
    "SELECT product_id, quantity, unit_price_minor FROM order_lines WHERE order_id = :order_id ORDER BY position"
)


async def move_order(session: AsyncSession, order_id: UUID, to: OrderStatus, cause: str) -> bool:
    """
    Bring an order to a status, and announce it in the same transaction; False if its present one does not allow that.

    Of all that want to move an order at once one does: the others find it moved.
    """
    values = {"order_id": order_id, "to": to, "cause": cause, "from": list(_FROM[to])}
    moved = (await session.execute(_MOVE, values)).mappings().one_or_none()
    if moved is None:
        return False
    lines = (await session.execute(_LINES, {"order_id": order_id})).mappings().all()
    count_transition(session, to)
    await outbox.add(session, _EVENTS[to].model_validate({**moved, "items": lines}))
    return True
