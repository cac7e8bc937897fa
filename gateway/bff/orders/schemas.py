"""Answers about orders."""

from typing import Self

from pydantic import BaseModel, Field

from gateway.bff.parts import PartProblem
from gateway.schemas.orders import LineRead, OrderRead, Transition
from gateway.schemas.products import ProductRead


class LineShown(LineRead):
    """Units of one product, with the product as it is now."""

    product: ProductRead | None = Field(None, description="Null if it was deleted, or product does not answer.")


class OrderShown(OrderRead):
    """An order with the products of its lines."""

    items: list[LineShown]  # type: ignore[assignment] # a list of more

    @classmethod
    def of(cls, order: OrderRead) -> Self:
        """Build it from an order, without the products."""
        return cls.model_validate(order.model_dump())


class OrderPage(BaseModel):
    """The page of one order."""

    order: OrderShown | None = Field(description="The order.")
    history: list[Transition] | None = Field(description="Its transitions, the oldest first.")
    problems: list[PartProblem] = Field(description="An entry for each part that is null.")
