"""Resuming orders whose saga was interrupted."""

from collections.abc import Sequence
from functools import partial
from uuid import UUID

import structlog
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.core import deadline
from chassis.core.errors import AppError
from chassis.core.together import together
from chassis.dispatch.dispatcher import Dispatcher
from chassis.postgres.database import Postgres
from chassis.postgres.statements import Statement, run_in
from order.models import Order, OrderStatus
from order.services.advance_order import LEASE, PATIENCE, advance_order
from order.services.load_order import load_order
from order.services.transition_order import transition_order

log = structlog.get_logger(__name__)

AT_ONCE = 5
"""Orders in a batch: fewer than a worker has connections to the database, since requests need some too."""
TIMEOUT_S = 10.0

_LOOK = Statement("SELECT EXISTS (SELECT FROM orders WHERE status = 'pending' AND resume_at <= now()) AS is_due")


async def resume_orders(database: Postgres, dispatcher: Dispatcher) -> None:
    """
    Expire orders that have waited for too long, then resume those whose process died or whose last step had no answer.

    Each worker does it every second, and skips rows that another one has locked. It works off a backlog at once, but
    leaves the rest to the next time as soon as a step has no answer. If nothing is due, this is one statement.
    """
    if not await _is_any_due(database):
        return
    while await _expire_some(database) == AT_ONCE:
        pass
    while await _resume_some(database, dispatcher) == AT_ONCE:
        pass


async def _is_any_due(database: Postgres) -> bool:
    (found,) = await database.run(_LOOK, {})
    return bool(found["is_due"])


async def _expire_some(database: Postgres) -> int:
    """Expire orders that are too old; the product service returns their units when it consumes the event."""
    old = (
        select(Order)
        .where(Order.status == OrderStatus.PENDING, Order.resume_at <= func.now())
        .where(Order.created_at < func.now() - PATIENCE)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    async with database.transaction() as session:
        orders = (await session.scalars(old)).all()
        for order in orders:
            await transition_order(partial(run_in, session), order, OrderStatus.EXPIRED, "timed_out")
    return len(orders)


async def _resume_some(database: Postgres, dispatcher: Dispatcher) -> int:
    """Resume a batch; returns how many of its orders are no longer pending."""
    async with database.transaction() as session:
        orders = await _claim(session)
    return sum(await together(*(_resume(database, dispatcher, order_id) for order_id in orders)))


async def _claim(session: AsyncSession) -> Sequence[UUID]:
    waiting = (
        select(Order.id)
        .where(Order.status == OrderStatus.PENDING, Order.resume_at <= func.now())
        .order_by(Order.resume_at)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
        .cte("waiting")
    )
    mine = update(Order).where(Order.id.in_(select(waiting.c.id))).values(resume_at=func.now() + LEASE)
    return (await session.scalars(mine.returning(Order.id))).all()


async def _resume(database: Postgres, dispatcher: Dispatcher, order_id: UUID) -> bool:
    """Resume an order; returns whether it is no longer pending. An error is logged, and stops no other order."""
    deadline.start(TIMEOUT_S)
    try:
        order = await advance_order(database, dispatcher, await load_order(database, order_id))
    except Exception as error:  # noqa: BLE001 - its lease ends, and it is resumed again until it expires
        write = log.warning if isinstance(error, AppError) else log.exception
        write("order not resumed", order_id=str(order_id), reason=str(error))
        return False
    return order.status != OrderStatus.PENDING
