"""Reading a product."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from product.errors import ProductNotFound
from product.models import Product


async def get_product(session: AsyncSession, product_id: UUID) -> Product:
    """
    Give one product.

    Raises:
        ProductNotFound: There is none with this id (404).
    """
    product = await session.get(Product, product_id)
    if product is None:
        raise ProductNotFound
    return product
