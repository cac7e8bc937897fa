"""Removing a product."""

from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from product.errors import ProductNotFound
from product.models import Product


async def delete_product(session: AsyncSession, product_id: UUID) -> None:
    """
    Remove a product from the catalogue. Orders keep the price they were placed at.

    Raises:
        ProductNotFound: There is none with this id (404).
    """
    deleted = await session.scalar(delete(Product).where(Product.id == product_id).returning(Product.id))
    if deleted is None:
        raise ProductNotFound
