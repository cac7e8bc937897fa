"""Requests and answers of the order service."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, Field, computed_field, model_validator

from chassis.core.money import Price
from chassis.core.types import Body, Id, Ids, Read
from order.models import OrderStatus

MAX_QUANTITY = 1_000_000
MAX_LINES = 50

Quantity = Annotated[int, Field(ge=1, le=MAX_QUANTITY, examples=[2])]


class OrderItem(Body):
    """Units of one product. The server sets the price."""

    product_id: Id
    quantity: Quantity


class OrderCreate(Body):
    """An order: `items`, or `product_id` and `quantity` of a single product."""

    items: Annotated[list[OrderItem], Field(min_length=1, max_length=MAX_LINES)] | None = None
    product_id: Id | None = None
    quantity: Quantity | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if (self.items is None) == (self.product_id is None) or (self.product_id is None) != (self.quantity is None):
            raise ValueError("send either 'items', or 'product_id' and 'quantity'")
        if len({item.product_id for item in self.wanted}) < len(self.wanted):
            raise ValueError("a product must be named only once")
        return self

    @property
    def wanted(self) -> list[OrderItem]:
        """The ordered items, in either form."""
        if self.items is not None:
            return self.items
        assert self.product_id
        assert self.quantity
        return [OrderItem(product_id=self.product_id, quantity=self.quantity)]


class OrderLineRead(Read):
    """Units of one product."""

    product_id: UUID
    name: str | None = Field(description="Null until the order is confirmed.", examples=["Teapot"])
    quantity: Quantity
    unit_price: Price | None = Field(description="Null until it is confirmed.")
    refusal: str | None = Field(description="Why the order was rejected for this item; a code, mostly null.")


class OrderRead(Read):
    """An order."""

    id: UUID
    user_id: UUID
    status: OrderStatus
    cause: str = Field(description="Why it has this status; a code.", examples=["stock_committed"])
    items: list[OrderLineRead] = Field(validation_alias="lines")
    total_price: Price | None = Field(description="Null until it is confirmed.")
    currency: str | None = Field(examples=["EUR"])
    created_at: datetime

    @computed_field(description="Of the only item; null if there are more.")  # type: ignore[prop-decorator] # pydantic's form
    @property
    def product_id(self) -> UUID | None:
        """The product of an order with one item."""
        return self.items[0].product_id if len(self.items) == 1 else None

    @computed_field(description="Of the only item; null if there are more.")  # type: ignore[prop-decorator]
    @property
    def quantity(self) -> int | None:
        """The units of an order with one item."""
        return self.items[0].quantity if len(self.items) == 1 else None


class TransitionRead(Read):
    """A change of an order's status."""

    status: OrderStatus
    cause: str = Field(examples=["stock_committed"])
    at: datetime


class History(Read):
    """All transitions of an order, the oldest first."""

    items: list[TransitionRead]


class ChangeRead(Read):
    """A status that an order has come to."""

    order_id: UUID
    status: OrderStatus


class Changes(Read):
    """Changes of orders, the oldest first, and the time to request next."""

    changes: list[ChangeRead]
    until: datetime


class OwnOrderFilter(BaseModel):
    """The filter of a list of one's own orders."""

    status: OrderStatus | None = None
    ids: Ids = None


class OrderFilter(OwnOrderFilter):
    """The filter of a list of orders."""

    user_id: UUID | None = None
