"""
The saga of an order: take its stock, then confirm the order.

Taking the stock may be repeated without further effect, so a worker can do it for any pending order, even while
another worker does the same. A call without an answer is repeated: its outcome is unknown. Nothing is undone here: the
end of an order is published as an event, on which the product service returns the order's units.
"""

import re
from datetime import timedelta
from uuid import UUID

import structlog

from chassis.core.errors import AppError
from chassis.core.money import MAX_MINOR, to_minor
from chassis.dispatch.dispatcher import Dispatcher
from chassis.dispatch.errors import RemoteError
from chassis.postgres.database import Postgres
from chassis.postgres.statements import Statement
from order.calls import TAKE_STOCK, Reservation, ReservationWanted, WantedItem
from order.models import MOST_DETAIL, Order, OrderStatus
from order.services.load_order import load_order
from order.services.transition_order import transition_order

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=12)
"""How long a worker leases an order: longer than a request may take by default."""
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=1), timedelta(seconds=15)
"""The wait before an unanswered step is repeated: half of the order's age, within these bounds, ± a quarter."""
PATIENCE = timedelta(minutes=2)
"""An order whose stock could not be taken for this long expires."""
_POSTPONE = Statement("""
    UPDATE orders SET resume_at = least(
        created_at + CAST(:patience AS interval),
        now() + (0.75 + random() / 2)
            * least(CAST(:longest AS interval), greatest(CAST(:first AS interval), (now() - created_at) / 2))
    )
    WHERE id = :order_id AND status = 'pending'
""")
_IMPOSSIBLE = {"product_not_found", "insufficient_stock", "mixed_currencies"}
"""Refusals of a reservation that are final."""

_ITEM = re.compile("/items/([0-9]{1,3})/product_id")


async def advance_order(database: Postgres, dispatcher: Dispatcher, order: Order) -> Order:
    """
    Advance an order until it is no longer pending, or a step has no answer.

    Args:
        order: As it was just stored or read. It is read again only if it was moved by another worker meanwhile.

    Returns:
        The order as it is then.
    """
    if order.status != OrderStatus.PENDING:
        return order
    try:
        is_moved = await _run_saga(database, dispatcher, order)
    except AppError as error:
        log.warning("saga step failed, order left pending", order_id=str(order.id), reason=error.message)
        await _postpone(database, order.id)
        is_moved = False
    return order if is_moved else await load_order(database, order.id)


async def _run_saga(database: Postgres, dispatcher: Dispatcher, order: Order) -> bool:
    """Take the stock, then move the order accordingly; False if another worker has moved it."""
    try:
        reservation = await _take_stock(dispatcher, order)
    except RemoteError as refusal:
        return await _give_up(database, order, refusal)
    total = sum(to_minor(line.unit_price) * line.quantity for line in reservation.lines)
    if total > MAX_MINOR:
        return await transition_order(database.run, order, OrderStatus.REJECTED, "total_too_large")
    _price(order, reservation, total)
    return await transition_order(database.run, order, OrderStatus.CONFIRMED, "stock_committed")


async def _take_stock(dispatcher: Dispatcher, order: Order) -> Reservation:
    """Reserve the items of the order, for good."""
    items = [WantedItem(product_id=line.product_id, quantity=line.quantity) for line in order.lines]
    return await dispatcher.call(TAKE_STOCK, ReservationWanted(order_id=order.id, items=items))


async def _give_up(database: Postgres, order: Order, refusal: RemoteError) -> bool:
    """
    End an order whose stock cannot be reserved; False if another worker has moved it.

    Raises:
        RemoteError: The refusal is not about the stock, so the services disagree about the call.
    """
    if refusal.remote_code == "reservation_closed":
        return await transition_order(database.run, order, OrderStatus.EXPIRED, "reservation_closed")
    if refusal.remote_code not in _IMPOSSIBLE:
        raise refusal
    details = _details(refusal)
    for line in order.lines:
        if line.position in details:
            line.refusal, line.refusal_detail = refusal.remote_code, details[line.position]
    return await transition_order(database.run, order, OrderStatus.REJECTED, refusal.remote_code)


def _details(refusal: RemoteError) -> dict[int, str]:
    """Return the details of a refusal by line: a reservation has the items of its order, in the same order."""
    details = dict[int, str]()
    for error in refusal.problem.get("errors", ()):
        if pointer := _ITEM.fullmatch(str(error.get("pointer"))):
            details[int(pointer[1])] = str(error.get("detail", ""))[:MOST_DETAIL]
    return details


def _price(order: Order, reservation: Reservation, total: int) -> None:
    """Set the names and prices of the reservation."""
    priced = {line.product_id: line for line in reservation.lines}
    for line in order.lines:
        line.name = priced[line.product_id].name
        line.unit_price_minor = to_minor(priced[line.product_id].unit_price)
    order.total_price_minor, order.currency = total, reservation.currency


async def _postpone(database: Postgres, order_id: UUID) -> None:
    """Schedule a retry; the longer the order has waited, the later."""
    values = {"order_id": order_id, "first": FIRST_PAUSE, "longest": LONGEST_PAUSE, "patience": PATIENCE}
    await database.run(_POSTPONE, values)
