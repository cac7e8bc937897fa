"""Reading many products at once."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from product.models import IN_CATALOGUE, Product


async def read_products(session: AsyncSession, product_ids: Sequence[UUID]) -> Sequence[Product]:
    """Return products in the order of these ids, each once; unknown ones are left out."""
    found = await session.scalars(select(Product).where(Product.id.in_(set(product_ids)), IN_CATALOGUE))
    by_id = {product.id: product for product in found}
    return [by_id[product_id] for product_id in dict.fromkeys(product_ids) if product_id in by_id]
