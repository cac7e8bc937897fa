"""Listing the catalogue."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.pagination import PageRequest, Slice
from product.models import Product


async def list_products(session: AsyncSession, page: PageRequest) -> Slice[Product]:
    """Give one page of all products, newest first."""
    query = select(Product).order_by(Product.id.desc()).limit(page.limit + 1)
    if page.after:
        query = query.where(Product.id < page.after)
    rows = (await session.scalars(query)).all()
    return page.slice(rows, lambda product: product.id)
