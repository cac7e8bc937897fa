"""Reading a product."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from product.errors import ProductNotFound
from product.models import IN_CATALOGUE, Product


async def get_product(session: AsyncSession, product_id: UUID) -> Product:
    """
    Return one product.

    Raises:
        ProductNotFound: There is none with this id, or no longer (404).
    """
    product = await session.scalar(select(Product).where(Product.id == product_id, IN_CATALOGUE))
    if product is None:
        raise ProductNotFound
    return product
