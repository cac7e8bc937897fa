"""What the order service asks of others."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from chassis.core.money import Price
from chassis.dispatch.call import Call
from order.schemas import MAX_LINES, Quantity

STEP_S = 4.0
"""A step of the saga waits no longer: both together leave a request the time to answer that its order is pending."""


class WantedItem(BaseModel):
    """So many units of one product."""

    product_id: UUID
    quantity: Quantity


class ReservationWanted(BaseModel):
    """What an order wants; each product is named once."""

    order_id: UUID
    items: Annotated[list[WantedItem], Field(min_length=1, max_length=MAX_LINES)]


class ReservedLine(BaseModel):
    """Units of one product, at its present name and price."""

    product_id: UUID
    name: str
    quantity: int
    unit_price: Price


class Reservation(BaseModel):
    """What is reserved for an order."""

    currency: str | None
    """Null only of a reservation that was released before it was made, and so cannot be made."""
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
"""All that it calls."""
