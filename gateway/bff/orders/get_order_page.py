"""The page of one order."""

from uuid import UUID

from chassis.core.errors import NotFound
from chassis.core.together import together
from gateway.bff.orders.schemas import OrderPage, OrderShown
from gateway.bff.orders.show_orders import show_orders
from gateway.bff.parts import Problems
from gateway.caller import Caller
from gateway.calls import READ_HISTORY, READ_ORDER
from gateway.errors import CallFailed
from gateway.schemas.orders import Transition


class OrderNotFound(NotFound):
    """The person has no order with this id; another person may have (404)."""

    code = "order_not_found"
    message = "You have no order with this id; GET /api/v1/orders lists your orders."


async def get_order_page(caller: Caller, order_id: UUID) -> OrderPage:
    """
    Read an order with its products, and its history, side by side.

    Raises:
        OrderNotFound: It does not exist, or belongs to another person (404).
        InvalidToken: A service refuses the person's token (401).
    """
    problems = Problems()
    order, history = await together(
        problems.part("order", _order(caller, problems, order_id)),
        problems.part("history", _history(caller, order_id)),
    )
    return OrderPage(order=order, history=history, problems=problems)


async def _order(caller: Caller, problems: Problems, order_id: UUID) -> OrderShown:
    try:
        order = await caller.call(READ_ORDER, path={"order_id": order_id})
    except CallFailed as error:
        if error.failure.status == NotFound.status:
            raise OrderNotFound from error
        raise
    (shown,) = await show_orders(caller, problems, [order])
    return shown


async def _history(caller: Caller, order_id: UUID) -> list[Transition]:
    return (await caller.call(READ_HISTORY, path={"order_id": order_id})).items
