"""Placing an order."""

from uuid import UUID

from chassis.auth.tokens import Identity
from chassis.core.errors import AppError, FieldError
from chassis.core.types import new_id
from chassis.dispatch.dispatcher import Dispatcher
from chassis.idempotency.dependency import IdempotencyKey
from chassis.idempotency.key import BeginKey
from chassis.postgres.database import Postgres
from chassis.postgres.statements import Statement
from order.errors import (
    InsufficientStock,
    MixedCurrencies,
    OrderCancelled,
    OrderExpired,
    ProductNotFound,
    TotalTooLarge,
)
from order.metrics import TRANSITIONS
from order.models import Order, OrderLine, OrderStatus
from order.schemas import OrderCreate
from order.services.advance_order import LEASE, advance_order
from order.services.load_confirmed import load_confirmed
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
    Store a pending order, then run its saga as far as it gets before the deadline.

    The order is not lost after the first transaction: if this process dies or the product service does not answer,
    another worker resumes the saga (``resume_orders``).

    A repeated request has the same outcome, which is read from the order: later transitions do not change it.

    Returns:
        The order as it was when it was confirmed, or still pending.

    Raises:
        ProductNotFound: Some products do not exist (409).
        InsufficientStock: Too few are left of some products (409).
        MixedCurrencies: The products have prices in several currencies (409).
        TotalTooLarge: The total exceeds the largest amount (409).
        OrderExpired: The stock could not be reserved in time (409).
        OrderCancelled: The order was cancelled before it was confirmed (409).
    """
    order = _pending(user, new)
    if earlier := await _store(key, order):
        order = await load_order(database, earlier)
    order = await advance_order(database, dispatcher, order)
    if order.status == OrderStatus.REJECTED:
        raise _refusal(order, new)
    if order.status == OrderStatus.EXPIRED:
        raise OrderExpired
    if order.status in {OrderStatus.PENDING, OrderStatus.CONFIRMED}:
        return order
    if confirmed := await load_confirmed(database, order.id):
        return confirmed
    raise OrderCancelled


def _refusal(order: Order, new: OrderCreate) -> AppError:
    """Return the error with the reason why an order was rejected, and the items at fault."""
    kind = _REFUSALS[order.cause]
    errors = [
        FieldError(
            location="body",
            pointer=f"/items/{line.position}/product_id" if new.items else "/product_id",
            code=kind.code,
            detail=line.refusal_detail or f"{kind.message} ({line.product_id})",
        )
        for line in order.lines
        if line.refusal
    ]
    return kind(" ".join(error.detail for error in errors), errors=errors)


def _pending(user: Identity, new: OrderCreate) -> Order:
    lines = [
        OrderLine(position=position, product_id=item.product_id, quantity=item.quantity)
        for position, item in enumerate(new.wanted)
    ]
    return Order(id=new_id(), user_id=user.user_id, status=OrderStatus.PENDING, cause="placed", lines=lines)


async def _store(key: IdempotencyKey, order: Order) -> UUID | None:
    """Store an order and return None; if the key has one already, return its id instead."""
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
