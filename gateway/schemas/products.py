"""Requests to the product service, and the fields that are read of its answers."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from chassis.core.money import Price
from chassis.core.types import Read

MAX_STOCK = 1_000_000_000


class NewProduct(BaseModel):
    """A new product."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    description: Annotated[str, Field(max_length=5000)]
    price: Price
    stock: Annotated[int, Field(ge=0, le=MAX_STOCK)]


class StockChange(BaseModel):
    """Units added or removed apart from orders."""

    change: Annotated[int, Field(ge=-MAX_STOCK, le=MAX_STOCK)]
    reason: Annotated[str, Field(min_length=1, max_length=200)]


class ProductRead(Read):
    """A product."""

    id: UUID
    name: str = Field(examples=["Teapot"])
    description: str = Field(examples=["Holds a litre."])
    price: Price
    currency: str = Field(examples=["EUR"])
    stock: int = Field(examples=[25])
    created_at: datetime
    updated_at: datetime
