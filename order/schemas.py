"""What the order service takes and gives."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from chassis.money import Price
from chassis.schemas import Body, Id, Read

MAX_QUANTITY = 1_000_000


class OrderCreate(Body):
    """What is wanted. The price is the server's."""

    product_id: Id
    quantity: Annotated[int, Field(ge=1, le=MAX_QUANTITY, examples=[2])]


class OrderRead(Read):
    """An order."""

    id: UUID
    product_id: UUID
    quantity: int = Field(examples=[2])
    unit_price: Price
    total_price: Price
    currency: str = Field(examples=["EUR"])
    status: str = Field(examples=["confirmed"])
    created_at: datetime
