"""Events that the order service publishes."""

from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel

from chassis.messaging.event import Event


class Line(BaseModel):
    """Units of one product; the price is null if the order was never confirmed."""

    product_id: UUID
    quantity: int
    unit_price_minor: int | None


class OrderEvent(Event):
    """The common part of an order's events."""

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
    """An order was cancelled; its units return to the stock."""

    type: ClassVar[str] = "order.cancelled"
    consumers: ClassVar[tuple[str, ...]] = ("analytics", "product")


class OrderRejected(OrderEvent):
    """An order was rejected. Nothing is reserved for it, unless another worker has reserved it meanwhile."""

    type: ClassVar[str] = "order.rejected"
    consumers: ClassVar[tuple[str, ...]] = ("analytics", "product")


class OrderExpired(OrderEvent):
    """The stock could not be reserved in time; reserved units return to the stock."""

    type: ClassVar[str] = "order.expired"
    consumers: ClassVar[tuple[str, ...]] = ("analytics", "product")


EVENTS = (OrderConfirmed, OrderFulfilled, OrderCancelled, OrderRejected, OrderExpired)
"""All events of the service."""
