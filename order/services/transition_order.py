"""Moving an order to its next status: the one place where a status changes."""

from typing import Any

from sqlalchemy.orm.attributes import set_committed_value

from chassis.messaging.outbox import Publish
from chassis.postgres.statements import Run, Statement
from order.events import (
    OrderCancelled,
    OrderConfirmed,
    OrderEvent,
    OrderExpired,
    OrderFulfilled,
    OrderRejected,
)
from order.metrics import CountTransition
from order.models import NEXT_STATUSES, Order, OrderStatus

_EVENTS: dict[OrderStatus, type[OrderEvent]] = {
    OrderStatus.CONFIRMED: OrderConfirmed,
    OrderStatus.REJECTED: OrderRejected,
    OrderStatus.EXPIRED: OrderExpired,
    OrderStatus.FULFILLED: OrderFulfilled,
    OrderStatus.CANCELLED: OrderCancelled,
}

_TRANSITION = Statement(
    """
    happened AS (
        UPDATE orders
        SET status = :to, cause = :cause, resume_at = NULL, total_price_minor = :total, currency = :currency
        WHERE id = :order_id AND status = :seen
        RETURNING id, status, cause
    )""",
    """
    described AS (
        UPDATE order_lines SET name = line.name, unit_price_minor = line.unit_price_minor, refusal = line.refusal,
            refusal_detail = line.refusal_detail
        FROM happened, unnest(
            CAST(:product_ids AS uuid[]), CAST(:names AS text[]), CAST(:prices AS bigint[]), CAST(:refusals AS text[]),
            CAST(:details AS text[])
        ) AS line (product_id, name, unit_price_minor, refusal, refusal_detail)
        WHERE order_id = happened.id AND order_lines.product_id = line.product_id
            AND (order_lines.name, order_lines.unit_price_minor, order_lines.refusal)
                IS DISTINCT FROM (line.name, line.unit_price_minor, line.refusal)
    )""",
    "noted AS (INSERT INTO order_transitions (order_id, status, cause) SELECT id, status, cause FROM happened)",
    Publish,
    CountTransition,
    "SELECT id, (SELECT count(*) FROM published) AS published FROM happened",
)


async def transition_order(run: Run, order: Order, to: OrderStatus, cause: str) -> bool:
    """
    Move an order to a status, with its history and its event, and store the prices and refusals that *order* has.

    It moves only from the status that *order* was read with. So of several concurrent transactions exactly one moves
    it, and its event describes the order as stored: prices and lines change only together with the status.

    Args:
        run: ``Postgres.run``, or ``partial(run_in, session)``.

    Returns:
        Whether it was moved; *order* has its new status then. False if its status does not allow it, or has changed.
    """
    if to not in NEXT_STATUSES[order.status]:
        return False
    event = _event(order, to, cause)
    if not await run(_TRANSITION, _values(order, to, cause), Publish(event), CountTransition(to)):
        return False
    for name, value in {"status": to, "cause": cause, "resume_at": None}.items():
        set_committed_value(order, name, value)
    return True


def _values(order: Order, to: OrderStatus, cause: str) -> dict[str, Any]:
    return {
        "order_id": order.id,
        "seen": str(order.status),
        "to": str(to),
        "cause": cause,
        "total": order.total_price_minor,
        "currency": order.currency,
        "product_ids": [line.product_id for line in order.lines],
        "names": [line.name for line in order.lines],
        "prices": [line.unit_price_minor for line in order.lines],
        "refusals": [line.refusal for line in order.lines],
        "details": [line.refusal_detail for line in order.lines],
    }


def _event(order: Order, to: OrderStatus, cause: str) -> OrderEvent:
    return _EVENTS[to].model_validate(
        {
            "subject": order.id,
            "user_id": order.user_id,
            "items": [
                {"product_id": one.product_id, "quantity": one.quantity, "unit_price_minor": one.unit_price_minor}
                for one in order.lines
            ],
            "total_price_minor": order.total_price_minor,
            "currency": order.currency,
            "cause": cause,
        }
    )
