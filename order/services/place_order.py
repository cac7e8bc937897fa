"""Placing an order."""

from sqlalchemy import ARRAY, Integer, Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth.tokens import Identity
from chassis.dispatch.dispatcher import Dispatcher
from chassis.errors import AppError
from chassis.idempotency.keys import IdempotencyKey
from chassis.ids import new_id
from chassis.postgres import Postgres
from order.errors import InsufficientStock, MixedCurrencies, OrderExpired, ProductNotFound, TotalTooLarge
from order.metrics import count_transition
from order.models import Order, OrderLine, OrderStatus, Step
from order.schemas import OrderCreate
from order.services.advance_order import LEASE, advance_order
from order.services.load_order import load_order

_REFUSALS: dict[str, type[AppError]] = {
    error.code: error for error in (ProductNotFound, InsufficientStock, MixedCurrencies, TotalTooLarge)
}

_STORE = text("""
    WITH placed AS (
        INSERT INTO orders (id, user_id, status, cause, step, resume_at)
        VALUES (:id, :user_id, 'pending', 'placed', 'reserve', now() + :lease)
        RETURNING id, status, cause, created_at
    ), lines AS (
        INSERT INTO order_lines (order_id, position, product_id, quantity)
        SELECT id, position - 1, product_id, quantity
        FROM placed, unnest(:product_ids, :quantities) WITH ORDINALITY AS wanted (product_id, quantity, position)
    ), noted AS (
        INSERT INTO order_transitions (order_id, status, cause) SELECT id, status, cause FROM placed
    )
    SELECT created_at FROM placed
""").bindparams(bindparam("product_ids", type_=ARRAY(Uuid)), bindparam("quantities", type_=ARRAY(Integer)))
"""One round trip: this stands in the way of every order."""


async def place_order(
    database: Postgres, dispatcher: Dispatcher, key: IdempotencyKey, user: Identity, new: OrderCreate
) -> Order:
    """
    Store what is wanted as a pending order, then run its saga as far as it comes before the deadline.

    From the first transaction on the order is not lost: if this process dies, or the product service does not answer,
    another one takes the saga over (resume_orders).

    Returns:
        The order as it is then: confirmed, or still pending, or what somebody else has made of it meanwhile.

    Raises:
        ProductNotFound: There is no such product (404).
        InsufficientStock: Fewer are left (409).
        MixedCurrencies: The products have no common total (409).
        TotalTooLarge: It is beyond the largest amount (409).
        OrderExpired: The stock could not be had in time (409).
    """
    order = _pending(user, new)
    async with database.transaction() as session:
        earlier = await key.begin(session, order.id)
        if earlier is None:
            await _store(session, order)
    order = await advance_order(database, dispatcher, await load_order(database, earlier) if earlier else order)
    if order.status == OrderStatus.REJECTED:
        raise _REFUSALS[order.cause]
    if order.status == OrderStatus.EXPIRED:
        raise OrderExpired
    return order


def _pending(user: Identity, new: OrderCreate) -> Order:
    lines = [OrderLine(product_id=item.product_id, quantity=item.quantity) for item in new.wanted]
    return Order(
        id=new_id(), user_id=user.user_id, status=OrderStatus.PENDING, cause="placed", step=Step.RESERVE, lines=lines
    )


async def _store(session: AsyncSession, order: Order) -> None:
    values = {
        "id": order.id,
        "user_id": order.user_id,
        "lease": LEASE,
        "product_ids": [line.product_id for line in order.lines],
        "quantities": [line.quantity for line in order.lines],
    }
    order.created_at = await session.scalar(_STORE, values)
    count_transition(session, OrderStatus.PENDING)
