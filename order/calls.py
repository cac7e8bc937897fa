"""Calls of the order service."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from chassis.core.money import Price
from chassis.dispatch.call import Call
from order.schemas import MAX_LINES, Quantity

STEP_S = 4.0
"""The timeout of a step: both steps together leave a request the time to answer that its order is pending."""


class WantedItem(BaseModel):
    """Units of one product."""

    product_id: UUID
    quantity: Quantity


class ReservationWanted(BaseModel):
    """The items of an order; each product is named once."""

    order_id: UUID
    items: Annotated[list[WantedItem], Field(min_length=1, max_length=MAX_LINES)]


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


RESERVE = Call(
    "product",
    "POST",
    "/api/v1/reservations",
    sends=ReservationWanted,
    returns=Reservation,
    timeout_s=STEP_S,
    idempotency="repeatable",
)
COMMIT = Call("product", "POST", "/api/v1/reservations/{order_id}/commit", timeout_s=STEP_S, idempotency="repeatable")

CALLS = (RESERVE, COMMIT)
"""All calls of the service."""
