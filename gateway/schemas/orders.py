"""Requests to the order service, and the fields that are read of its answers."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from chassis.core.money import Price
from chassis.core.types import Id, Read


class Status(StrEnum):
    """The status of an order."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    FULFILLED = "fulfilled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    EXPIRED = "expired"


FINAL = frozenset({Status.FULFILLED, Status.CANCELLED, Status.REJECTED, Status.EXPIRED})
"""An order of such a status does not change any more."""


class WantedItem(BaseModel):
    """Units of one product."""

    product_id: Id
    quantity: Annotated[int, Field(ge=1, le=1_000_000)]


class NewOrder(BaseModel):
    """The items of a new order."""

    items: Annotated[list[WantedItem], Field(min_length=1, max_length=50)]


class LineRead(Read):
    """Units of one product."""

    product_id: UUID
    name: str | None = Field(description="Null until the order is confirmed.", examples=["Teapot"])
    quantity: int = Field(examples=[2])
    unit_price: Price | None = Field(description="Null until it is confirmed.")
    refusal: str | None = Field(description="Why the order was rejected for this item; a code, mostly null.")


class OrderRead(Read):
    """An order."""

    id: UUID
    user_id: UUID
    status: Status
    cause: str = Field(description="Why it has this status; a code.", examples=["stock_committed"])
    items: list[LineRead]
    total_price: Price | None = Field(description="Null until it is confirmed.")
    currency: str | None = Field(examples=["EUR"])
    created_at: datetime


class Transition(Read):
    """A change of an order's status."""

    status: Status
    cause: str = Field(examples=["stock_committed"])
    at: datetime


class History(BaseModel):
    """All transitions of an order, the oldest first."""

    items: list[Transition]


class Change(BaseModel):
    """A status that an order has come to."""

    order_id: UUID
    status: Status


class Changes(BaseModel):
    """Changes of orders, the oldest first, and the time to request next, as it is written."""

    changes: list[Change]
    until: str
