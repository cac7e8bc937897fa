"""What the product service announces."""

from typing import ClassVar

from chassis.messaging.event import Event


class ProductCreated(Event):
    """There is a new product in the catalogue."""

    type: ClassVar[str] = "product.created"
    consumers: ClassVar[tuple[str, ...]] = ("analytics",)

    name: str
    price_minor: int
    currency: str


class ProductUpdated(Event):
    """A product has changed."""

    type: ClassVar[str] = "product.updated"
    consumers: ClassVar[tuple[str, ...]] = ("analytics",)

    changed: tuple[str, ...]
    """The names of the fields that were given."""


class ProductStockLow(Event):
    """Few units are left of a product that had more."""

    type: ClassVar[str] = "product.stock_low"
    consumers: ClassVar[tuple[str, ...]] = ("analytics",)

    stock: int


EVENTS = (ProductCreated, ProductUpdated, ProductStockLow)
"""All that it announces."""
