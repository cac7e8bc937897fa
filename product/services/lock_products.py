"""Taking products for oneself, so that their stock can be moved."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from product.models import Product


async def lock_products(session: AsyncSession, product_ids: Iterable[UUID]) -> Sequence[Product]:
    """
    Lock products until the transaction ends, and give them as they are now; deleted ones too, unknown ones not.

    Everybody takes them in the order of their ids, so of two transactions that want the same ones, neither can hold
    what the other waits for.
    """
    rows = select(Product).where(Product.id.in_(set(product_ids))).order_by(Product.id)
    # "No key": as strong as the UPDATE that follows, and no hindrance to foreign keys.
    locked = rows.with_for_update(key_share=True).execution_options(populate_existing=True)
    return (await session.scalars(locked)).all()
