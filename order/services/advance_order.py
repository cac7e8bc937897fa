"""
The saga of an order: reserve the stock, commit it, confirm the order.

Each step may be repeated without further effect, so whoever finds an order pending begins with the first, at any time,
several at once too. A call without an answer means that nobody knows: the step is done again. There is nothing to undo
here: an order that ends otherwise is announced, and the product service gives back what it holds for it.
"""

import re
from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

import structlog

from chassis.core.errors import AppError
from chassis.core.money import MAX_MINOR, to_minor
from chassis.dispatch.dispatcher import Dispatcher
from chassis.dispatch.errors import RemoteError
from chassis.postgres.database import Postgres
from chassis.postgres.statements import Statement
from order.calls import COMMIT, RESERVE, Reservation, ReservationWanted, WantedItem
from order.models import Order, OrderStatus
from order.services.load_order import load_order
from order.services.transition_order import transition_order

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=12)
"""For so long an order is left to whoever works on it: longer than a request may take by default."""
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=1), timedelta(seconds=15)
"""Before a step that nobody answered is done again: half of the order's age, within these, give or take a quarter."""
PATIENCE = timedelta(minutes=2)
"""An order whose stock could not be had for so long expires."""
_LEAVE = Statement("""
    UPDATE orders SET resume_at = least(
        created_at + CAST(:patience AS interval),
        now() + (0.75 + random() / 2)
            * least(CAST(:longest AS interval), greatest(CAST(:first AS interval), (now() - created_at) / 2))
    )
    WHERE id = :order_id AND status = 'pending'
""")
_IMPOSSIBLE = {"product_not_found", "insufficient_stock", "mixed_currencies"}
"""Refusals of a reservation that will not change by asking again."""


_ITEM = re.compile("/items/([0-9]{1,3})/product_id")


async def advance_order(database: Postgres, dispatcher: Dispatcher, order: Order) -> Order:
    """
    Go on with an order's saga until the order is no longer pending, or a step has no answer.

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
        log.warning("order waits", order_id=str(order.id), reason=error.message)
        await _leave(database, order.id)
        is_moved = False
    return order if is_moved else await load_order(database, order.id)


async def _run_saga(database: Postgres, dispatcher: Dispatcher, order: Order) -> bool:
    """Reserve the stock, commit it, and move the order by what came of it; False if another worker has moved it."""
    try:
        reservation = await _reserve(dispatcher, order)
        total = sum(to_minor(line.unit_price) * line.quantity for line in reservation.lines)
        if total > MAX_MINOR:
            return await transition_order(database.run, order, OrderStatus.REJECTED, "total_too_large")
        await dispatcher.call(COMMIT, path={"order_id": order.id})
    except RemoteError as refusal:
        return await _give_up(database, order, refusal)
    _price(order, reservation, total)
    return await transition_order(database.run, order, OrderStatus.CONFIRMED, "stock_committed")


async def _reserve(dispatcher: Dispatcher, order: Order) -> Reservation:
    """Reserve what the order wants."""
    items = [WantedItem(product_id=line.product_id, quantity=line.quantity) for line in order.lines]
    return await dispatcher.call(RESERVE, ReservationWanted(order_id=order.id, items=items))


async def _give_up(database: Postgres, order: Order, refusal: RemoteError) -> bool:
    """
    End an order whose stock cannot be had; False if another worker has moved it.

    Raises:
        RemoteError: The refusal is not about the stock: something is wrong between the services.
    """
    if refusal.remote_code == "reservation_closed":
        return await transition_order(database.run, order, OrderStatus.EXPIRED, "reservation_closed")
    if refusal.remote_code not in _IMPOSSIBLE:
        raise refusal
    for line in order.lines:
        if line.position in _positions(refusal):
            line.refusal = refusal.remote_code
    return await transition_order(database.run, order, OrderStatus.REJECTED, refusal.remote_code)


def _positions(refusal: RemoteError) -> Collection[int]:
    """Read which lines a refusal names: a reservation has the items of its order, in their order."""
    pointers = [_ITEM.fullmatch(str(error.get("pointer"))) for error in refusal.problem.get("errors", ())]
    return {int(pointer[1]) for pointer in pointers if pointer}


def _price(order: Order, reservation: Reservation, total: int) -> None:
    """Take over the names and prices of what is reserved."""
    priced = {line.product_id: line for line in reservation.lines}
    for line in order.lines:
        line.name = priced[line.product_id].name
        line.unit_price_minor = to_minor(priced[line.product_id].unit_price)
    order.total_price_minor, order.currency = total, reservation.currency


async def _leave(database: Postgres, order_id: UUID) -> None:
    """Let the next one who looks go on soon; the longer the order has waited, the later."""
    values = {"order_id": order_id, "first": FIRST_PAUSE, "longest": LONGEST_PAUSE, "patience": PATIENCE}
    await database.run(_LEAVE, values)
