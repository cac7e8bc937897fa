"""Routes for a front end about orders."""

from uuid import UUID

from chassis.core.problems import documented
from chassis.dependencies import PERSON
from chassis.sealing.access import public
from chassis.web.routing import Router
from gateway.bff.orders.get_order_page import OrderNotFound, get_order_page
from gateway.bff.orders.schemas import OrderPage
from gateway.caller import Calling

router = Router("/bff/v1/orders", "front end", "What a page of a front end shows, composed of several services.")


@router.get("/{order_id}", access=public(), auth=PERSON, responses=documented(OrderNotFound))
async def order_page(order_id: UUID, caller: Calling) -> OrderPage:
    """
    Read one of one's own orders (admins: any) with its products and its history.

    The status is 200 whichever parts are there: a part whose service fails is null, with an entry in `problems`. Each
    call has 3 seconds.
    """
    return await get_order_page(caller, order_id)
