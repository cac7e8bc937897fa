"""Reading an order as it was when it was confirmed."""

from uuid import UUID

from sqlalchemy import select

from chassis.postgres.database import Postgres
from order.models import Order, OrderStatus, OrderTransition


async def load_confirmed(database: Postgres, order_id: UUID) -> Order | None:
    """
    Return an order as it was when it was confirmed, in a transaction of its own; None if it never was.

    Later transitions change nothing but its status and cause.
    """
    query = (
        select(Order, OrderTransition.cause)
        .join(OrderTransition, OrderTransition.order_id == Order.id)
        .where(Order.id == order_id, OrderTransition.status == OrderStatus.CONFIRMED)
    )
    async with database.transaction() as session:
        found = (await session.execute(query)).one_or_none()
    if found is None:
        return None
    order, cause = found
    order.status, order.cause = OrderStatus.CONFIRMED, cause  # no longer part of a session, so never stored
    return order
