"""Changing a product."""

from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.errors import NothingToChange
from chassis.money import to_minor
from product.errors import ProductNotFound
from product.models import Product
from product.schemas import ProductUpdate


async def update_product(session: AsyncSession, product_id: UUID, change: ProductUpdate) -> Product:
    """
    Change the named fields of a product in one statement.

    Raises:
        NothingToChange: No field is named (422).
        ProductNotFound: There is no product with this id (404).
    """
    values = change.model_dump(exclude_none=True)
    if not values:
        raise NothingToChange
    if "price" in values:
        values["price_minor"] = to_minor(values.pop("price"))
    statement = update(Product).where(Product.id == product_id).values(values).returning(Product)
    product: Product | None = await session.scalar(statement)
    if product is None:
        raise ProductNotFound
    return product
