"""Confirming an order whose stock is committed."""

from chassis.messaging import outbox
from chassis.postgres.database import Postgres
from chassis.postgres.statements import Statement
from order.events import OrderConfirmed
from order.metrics import TRANSITIONS
from order.models import Order, OrderStatus

COMMITTED = "stock_committed"

_CONFIRM = Statement(
    """
    happened AS (
        UPDATE orders
        SET status = 'confirmed', cause = :cause, resume_at = NULL, total_price_minor = :total, currency = :currency
        WHERE id = :order_id AND status = 'pending'
        RETURNING id, status, cause
    )""",
    """
    priced AS (
        UPDATE order_lines SET name = priced.name, unit_price_minor = priced.unit_price_minor
        FROM happened, unnest(CAST(:product_ids AS uuid[]), CAST(:names AS text[]), CAST(:prices AS bigint[]))
            AS priced (product_id, name, unit_price_minor)
        WHERE order_id = happened.id AND order_lines.product_id = priced.product_id
    )""",
    "noted AS (INSERT INTO order_transitions (order_id, status, cause) SELECT id, status, cause FROM happened)",
    outbox.ANNOUNCE,
    "SELECT listener FROM announced",
)


async def confirm_order(database: Postgres, order: Order) -> bool:
    """
    Store that a pending order is confirmed, at the prices that *order* has, and announce it; False if it has moved.

    Of all that want to move an order at once one does: the others find it moved.
    """
    event = OrderConfirmed.model_validate(
        {
            "subject": order.id,
            "user_id": order.user_id,
            "items": [vars(line) for line in order.lines],
            "total_price_minor": order.total_price_minor,
            "currency": order.currency,
            "cause": COMMITTED,
        }
    )
    values = {
        "order_id": order.id,
        "cause": COMMITTED,
        "total": order.total_price_minor,
        "currency": order.currency,
        "product_ids": [line.product_id for line in order.lines],
        "names": [line.name for line in order.lines],
        "prices": [line.unit_price_minor for line in order.lines],
    }
    if not await database.run(_CONFIRM, {**values, **outbox.row(event, database.service)}):
        return False
    database.notifier.notify(event.listeners)
    TRANSITIONS.labels(OrderStatus.CONFIRMED).inc()
    order.status, order.cause, order.resume_at = OrderStatus.CONFIRMED, COMMITTED, None
    return True
