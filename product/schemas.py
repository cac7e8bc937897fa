"""Requests and answers of the product service."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from asyncpg import Record
from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from chassis.core.money import MAX_MINOR, Price, from_minor
from chassis.core.types import VISIBLE_LINE, VISIBLE_TEXT, Body, Id, Ids, Read
from product.models import MAX_STOCK, MovementKind, ReservationState

MAX_QUANTITY = 1_000_000
MAX_LINES = 50

_Line = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True), VISIBLE_LINE]
Name = Annotated[_Line, Field(examples=["Teapot"])]
Description = Annotated[str, StringConstraints(max_length=5000), VISIBLE_TEXT, Field(examples=["Holds a litre."])]
StoredName = Annotated[str, Field(examples=["Teapot"])]
"""A name in an answer: older names may break today's rules."""
Stock = Annotated[int, Field(ge=0, le=MAX_STOCK, examples=[25])]
Quantity = Annotated[int, Field(ge=1, le=MAX_QUANTITY, examples=[2])]


class ProductCreate(Body):
    """A new product."""

    name: Name
    description: Description = ""
    price: Price
    stock: Stock = 0


class ProductUpdate(Body):
    """Changes to a product; missing fields stay as they are."""

    name: Name | None = None
    description: Description | None = None
    price: Price | None = None
    stock: Stock | None = None


class ProductRead(Read):
    """A product."""

    id: UUID
    name: StoredName
    description: str = Field(examples=["Holds a litre."])
    price: Price
    currency: str = Field(examples=["EUR"])
    stock: int = Field(description="Units that can be ordered.", examples=[25])
    created_at: datetime
    updated_at: datetime = Field(description="The time of the last edit; sales do not count.")


class Sort(StrEnum):
    """The sort orders of the catalogue."""

    NEWEST = "newest"
    CHEAPEST = "price"
    DEAREST = "-price"
    NAME = "name"


_Amount = Annotated[Decimal | None, Field(ge=0, le=MAX_MINOR // 100, decimal_places=2, examples=[199.99])]


class Search(BaseModel):
    """The filter and sort order of a list of products."""

    q: Annotated[
        str | None,
        Field(
            min_length=1, max_length=100, description="Each of its words begins a word of the name.", examples=["tea"]
        ),
    ] = None
    min_price: _Amount = None
    max_price: _Amount = None
    in_stock: bool | None = Field(None, description="Only products in stock, or only those out of stock.")
    sort: Sort = Field(Sort.NEWEST, description="`-price` sorts the most expensive first.")
    ids: Ids = None


def _not_zero(change: int) -> int:
    if change == 0:
        msg = "must not be 0"
        raise ValueError(msg)
    return change


class StockAdjustment(Body):
    """Units added or removed apart from orders."""

    change: Annotated[int, Field(ge=-MAX_STOCK, le=MAX_STOCK, examples=[-3]), AfterValidator(_not_zero)]
    reason: Annotated[_Line, Field(examples=["Broken."])]


class MovementRead(Read):
    """A line of a product's ledger."""

    id: UUID
    quantity: int = Field(description="Units added; negative if they were removed.", examples=[-3])
    kind: MovementKind
    order_id: UUID | None
    reason: str | None = Field(examples=["Broken."])
    actor: UUID | None = Field(description="The admin who adjusted it.")
    at: datetime


class ReservationItem(Body):
    """Units of one product."""

    product_id: Id
    quantity: Quantity


def _distinct(items: list[ReservationItem]) -> list[ReservationItem]:
    if len({item.product_id for item in items}) < len(items):
        msg = "a product must be named only once"
        raise ValueError(msg)
    return items


class ReservationCreate(Body):
    """The items of an order, reserved all or none."""

    order_id: Id
    items: Annotated[list[ReservationItem], Field(min_length=1, max_length=MAX_LINES), AfterValidator(_distinct)]
    commit: bool = Field(False, description="Commit it at once: it does not expire, and needs no second request.")


class ReservationLineRead(Read):
    """Units of one product, at its name and price at the time of the reservation."""

    product_id: UUID
    name: StoredName
    quantity: Quantity
    unit_price: Price


class ReservationRead(Read):
    """The reservation of an order."""

    order_id: UUID
    state: ReservationState
    currency: str | None = Field(description="Null if it was released before it was created.", examples=["EUR"])
    lines: list[ReservationLineRead] = Field(description="In the order of the product ids.")
    expires_at: datetime = Field(description="It must be committed before this time.")
    created_at: datetime

    @classmethod
    def of(cls, rows: Sequence[Record]) -> Self:
        """Build it from one row for each line, with the columns of the reservation."""
        lines = [{**row, "unit_price": from_minor(row["unit_price_minor"])} for row in rows]
        return cls.model_validate({**rows[0], "lines": lines})
