"""Placing an order."""

from pydantic import BaseModel

from chassis.auth.tokens import Identity
from chassis.dispatch.dispatcher import Dispatcher
from chassis.dispatch.failures import RemoteError
from chassis.errors import AppError
from chassis.events import Announcer
from chassis.postgres import Postgres
from order.errors import InsufficientStock, ProductNotFound
from order.events import OrderConfirmed
from order.models import Order
from order.schemas import OrderCreate

_REFUSALS: dict[str, type[AppError]] = {error.code: error for error in (ProductNotFound, InsufficientStock)}


class _Quote(BaseModel):
    """What the product service answers."""

    unit_price_minor: int
    total_price_minor: int
    currency: str


async def place_order(
    database: Postgres, dispatcher: Dispatcher, announcer: Announcer, user: Identity, new: OrderCreate
) -> Order:
    """
    Ask the product service for the price, then store the order.

    The transaction begins when the price is there, so no connection is held meanwhile.

    Raises:
        ProductNotFound: There is no such product (404).
        InsufficientStock: Fewer are left (409).
        ServiceUnavailable: The product service does not answer; nothing is stored (503).
    """
    quote = await _quote(dispatcher, new)
    order = Order(
        user_id=user.user_id,
        product_id=new.product_id,
        quantity=new.quantity,
        unit_price_minor=quote.unit_price_minor,
        total_price_minor=quote.total_price_minor,
        currency=quote.currency,
        status="confirmed",
    )
    async with database.transaction() as session:
        session.add(order)
    announcer.announce(_confirmed(order))
    return order


async def _quote(dispatcher: Dispatcher, new: OrderCreate) -> _Quote:
    path = f"/api/v1/products/{new.product_id}/quote"
    try:
        return _Quote.model_validate(await dispatcher.get("product", path, query={"quantity": new.quantity}))
    except RemoteError as error:
        if refusal := _REFUSALS.get(error.remote_code):
            raise refusal from error
        raise


def _confirmed(order: Order) -> OrderConfirmed:
    return OrderConfirmed(
        subject=order.id,
        user_id=order.user_id,
        product_id=order.product_id,
        quantity=order.quantity,
        total_price_minor=order.total_price_minor,
        currency=order.currency,
    )
