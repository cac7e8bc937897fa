"""What the order service announces."""

from typing import ClassVar
from uuid import UUID

from chassis.events import Event


class OrderConfirmed(Event):
    """An order is placed and will be fulfilled."""

    type: ClassVar[str] = "order.confirmed"

    product_id: UUID
    quantity: int
    total_price_minor: int
    currency: str
