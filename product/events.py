"""Events that the product service publishes."""

from typing import ClassVar

from chassis.messaging.event import Event


class ProductCreated(Event):
    """A product was added to the catalogue."""

    type: ClassVar[str] = "product.created"
    consumers: ClassVar[tuple[str, ...]] = ("analytics",)

    name: str
    price_minor: int
    currency: str


class ProductUpdated(Event):
    """A product was changed."""

    type: ClassVar[str] = "product.updated"
    consumers: ClassVar[tuple[str, ...]] = ("analytics",)

    changed: tuple[str, ...]
    """The names of the changed fields."""


class ProductStockLow(Event):
    """The stock of a product has become low."""

    type: ClassVar[str] = "product.stock_low"
    consumers: ClassVar[tuple[str, ...]] = ("analytics",)

    stock: int


EVENTS = (ProductCreated, ProductUpdated, ProductStockLow)
"""All events of the service."""
