"""What the product service takes and gives."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from chassis.money import Price
from chassis.schemas import Body, Read

MAX_STOCK = 1_000_000_000
MAX_QUANTITY = 1_000_000

Name = Annotated[
    str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True), Field(examples=["Teapot"])
]
Description = Annotated[str, StringConstraints(max_length=5000), Field(examples=["Holds a litre."])]
Stock = Annotated[int, Field(ge=0, le=MAX_STOCK, examples=[25])]


class ProductCreate(Body):
    """A new product."""

    name: Name
    description: Description = ""
    price: Price
    stock: Stock


class ProductUpdate(Body):
    """What changes; a field that is left out stays as it is."""

    name: Name | None = None
    description: Description | None = None
    price: Price | None = None
    stock: Stock | None = None


class ProductRead(Read):
    """A product."""

    id: UUID
    name: Name
    description: Description
    price: Price
    currency: str = Field(examples=["EUR"])
    stock: Stock
    created_at: datetime
    updated_at: datetime


class Quote(BaseModel):
    """What a quantity of a product costs right now, if it is there."""

    product_id: UUID
    quantity: int
    unit_price_minor: int
    total_price_minor: int
    currency: str
