"""What the order service announces."""

from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel

from chassis.messaging.event import Event


class Line(BaseModel):
    """So many units of one product; the price is null if it was never confirmed."""

    product_id: UUID
    quantity: int
    unit_price_minor: int | None


class OrderEvent(Event):
    """What each of an order's events tells of it."""

    items: list[Line]
    total_price_minor: int | None
    currency: str | None
    cause: str


class OrderConfirmed(OrderEvent):
    """An order has its stock, and will be fulfilled."""

    type: ClassVar[str] = "order.confirmed"
    consumers: ClassVar[tuple[str, ...]] = ("analytics",)


class OrderFulfilled(OrderEvent):
    """An order was shipped."""

    type: ClassVar[str] = "order.fulfilled"
    consumers: ClassVar[tuple[str, ...]] = ("analytics", "product")


class OrderCancelled(OrderEvent):
    """Somebody has cancelled an order; its stock is free again."""

    type: ClassVar[str] = "order.cancelled"
    consumers: ClassVar[tuple[str, ...]] = ("analytics", "product")


class OrderRejected(OrderEvent):
    """An order cannot be had. Nothing is reserved for it, but for what a second worker may have asked for meanwhile."""

    type: ClassVar[str] = "order.rejected"
    consumers: ClassVar[tuple[str, ...]] = ("analytics", "product")


class OrderExpired(OrderEvent):
    """The stock could not be had in time; whatever was reserved is free again."""

    type: ClassVar[str] = "order.expired"
    consumers: ClassVar[tuple[str, ...]] = ("analytics", "product")


EVENTS = (OrderConfirmed, OrderFulfilled, OrderCancelled, OrderRejected, OrderExpired)
"""All that it announces."""
