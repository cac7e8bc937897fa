"""The products that every candidate serves and fetches, in several sizes."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from uuid import NAMESPACE_URL, UUID, uuid5

from pydantic import BaseModel

SMALL = 200
SIZES = (SMALL, 2_000, 20_000, 200_000, 1_000_000)
"""Bytes of a product as JSON."""

_MANY = 5_000
"""Number of small products, so that no cache of targets, keyed by path, favours any candidate."""
_FEW = 16
_TEXT = "A good thing to have at home, made to last and easy to mend. "


@dataclass(frozen=True, slots=True)
class Product:
    """A product as a server stores it."""

    id: UUID
    name: str
    description: str
    price_cents: int
    currency: str
    stock: int


class ProductRead(BaseModel):
    """A product as FastAPI returns it; the same fields are in product.proto."""

    id: UUID
    name: str
    description: str
    price_cents: int
    currency: str
    stock: int


@cache
def ids_of(size: int) -> list[str]:
    """Return the ids of the products of *size* bytes."""
    return [str(uuid5(NAMESPACE_URL, f"product {size} {number}")) for number in range(_MANY if size == SMALL else _FEW)]


def make_products() -> Mapping[UUID, Product]:
    """Make the catalogue: the products of every size, by id."""
    return {product.id: product for size in SIZES for product in _make(size)}


def _make(size: int) -> list[Product]:
    ids = [UUID(text) for text in ids_of(size)]
    bare = Product(ids[0], "Product", "", 1999, "EUR", 42)
    room = size - len(ProductRead.model_validate(bare, from_attributes=True).model_dump_json())
    description = (_TEXT * (room // len(_TEXT) + 1))[:room]
    return [replace(bare, id=one, description=description) for one in ids]
