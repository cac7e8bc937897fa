"""Placing an order."""

from uuid import UUID

from chassis.auth.tokens import Identity
from chassis.core.errors import AppError, FieldError
from chassis.core.ids import new_id
from chassis.dispatch.dispatcher import Dispatcher
from chassis.idempotency.begin_key import BeginKey
from chassis.idempotency.dependency import IdempotencyKey
from chassis.postgres.database import Postgres
from chassis.postgres.statements import Statement
from order.errors import (
    InsufficientStock,
    MixedCurrencies,
    OrderExpired,
    ProductNotFound,
    TotalTooLarge,
)
from order.metrics import TRANSITIONS
from order.models import Order, OrderLine, OrderStatus
from order.schemas import OrderCreate
from order.services.advance_order import LEASE, advance_order
from order.services.load_order import load_order

_REFUSALS: dict[str, type[AppError]] = {
    error.code: error for error in (ProductNotFound, InsufficientStock, MixedCurrencies, TotalTooLarge)
}

_PLACE = Statement(
    BeginKey,
    """
    placed AS (
        INSERT INTO orders (id, user_id, status, cause, resume_at)
        SELECT :id, :user_id, 'pending', 'placed', now() + :lease FROM begun WHERE is_first
        RETURNING id, status, cause, created_at
    )""",
    """
    lines AS (
        INSERT INTO order_lines (order_id, position, product_id, quantity)
        SELECT id, position - 1, product_id, quantity
        FROM placed, unnest(CAST(:product_ids AS uuid[]), CAST(:quantities AS int[]))
            WITH ORDINALITY AS wanted (product_id, quantity, position)
    )""",
    "noted AS (INSERT INTO order_transitions (order_id, status, cause) SELECT id, status, cause FROM placed)",
    "SELECT begun.*, created_at FROM begun LEFT JOIN placed ON is_first",
)


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
        ProductNotFound: There are no such products (409).
        InsufficientStock: Fewer are left (409).
        MixedCurrencies: The products have no common total (409).
        TotalTooLarge: It is beyond the largest amount (409).
        OrderExpired: The stock could not be had in time (409).
    """
    order = _pending(user, new)
    earlier = await _store(key, order)
    order = await advance_order(database, dispatcher, await load_order(database, earlier) if earlier else order)
    if order.status == OrderStatus.REJECTED:
        raise _refusal(order, new)
    if order.status == OrderStatus.EXPIRED:
        raise OrderExpired
    return order


def _refusal(order: Order, new: OrderCreate) -> AppError:
    """Say why an order was rejected, and for which of its items."""
    kind = _REFUSALS[order.cause]
    errors = [
        FieldError(
            location="body",
            pointer=f"/items/{line.position}/product_id" if new.items else "/product_id",
            code=kind.code,
            detail=f"{kind.message} ({line.product_id})",
        )
        for line in order.lines
        if line.refusal
    ]
    return kind(errors=errors)


def _pending(user: Identity, new: OrderCreate) -> Order:
    lines = [
        OrderLine(position=position, product_id=item.product_id, quantity=item.quantity)
        for position, item in enumerate(new.wanted)
    ]
    return Order(id=new_id(), user_id=user.user_id, status=OrderStatus.PENDING, cause="placed", lines=lines)


async def _store(key: IdempotencyKey, order: Order) -> UUID | None:
    """Store it, unless the key has one already, whose id is returned."""
    values = {
        "id": order.id,
        "user_id": order.user_id,
        "lease": LEASE,
        "product_ids": [line.product_id for line in order.lines],
        "quantities": [line.quantity for line in order.lines],
    }
    earlier, placed = await key.begin_with(_PLACE, values, order.id)
    if earlier is None:
        order.created_at = placed["created_at"]
        TRANSITIONS.labels(OrderStatus.PENDING).inc()
    return earlier
