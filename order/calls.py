"""Calls of the order service."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from chassis.core.money import Price
from chassis.dispatch.call import Call
from order.schemas import MAX_LINES, Quantity

TAKE_STOCK_S = 6.0
"""The timeout leaves a request the time to answer that its order is pending."""


class WantedItem(BaseModel):
    """Units of one product."""

    product_id: UUID
    quantity: Quantity


class ReservationWanted(BaseModel):
    """The items of an order, to be taken for good; each product is named once."""

    order_id: UUID
    items: Annotated[list[WantedItem], Field(min_length=1, max_length=MAX_LINES)]
    commit: Literal[True] = True


class ReservedLine(BaseModel):
    """Units of one product, at its current name and price."""

    product_id: UUID
    name: str
    quantity: int
    unit_price: Price


class Reservation(BaseModel):
    """The reservation of an order."""

    currency: str | None
    """Null only for a tombstone: a reservation that was released before it was created."""
    lines: list[ReservedLine]


TAKE_STOCK = Call(
    "product",
    "POST",
    "/api/v1/reservations",
    sends=ReservationWanted,
    returns=Reservation,
    timeout_s=TAKE_STOCK_S,
    idempotency="repeatable",
)

CALLS = (TAKE_STOCK,)
"""All calls of the service."""
