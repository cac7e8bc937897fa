"""A person's last orders."""

from gateway.bff.orders.schemas import OrderShown
from gateway.bff.orders.show_orders import show_orders
from gateway.bff.parts import Problems
from gateway.caller import Caller
from gateway.calls import LIST_OWN_ORDERS

LAST = 10


async def last_orders(caller: Caller, problems: Problems) -> list[OrderShown]:
    """
    Return the last ten own orders, newest first, with the products of their lines.

    Raises:
        CallFailed: The order service refuses, or has no answer.
    """
    page = await caller.call(LIST_OWN_ORDERS, query={"limit": LAST})
    return await show_orders(caller, problems, page.items)
