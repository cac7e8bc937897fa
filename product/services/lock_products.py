"""Locking products, so that their stock can be moved."""

from collections.abc import Collection, Iterable, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from product.models import Product, ReservationLine


async def lock_products(session: AsyncSession, product_ids: Iterable[UUID]) -> Sequence[Product]:
    """
    Lock products until the transaction ends, and return them as they are now; deleted ones too, unknown ones not.

    All transactions lock products in the order of their ids, and before reservations: so no two transactions wait for
    each other.
    """
    rows = select(Product).where(Product.id.in_(set(product_ids))).order_by(Product.id)
    # "No key": as strong as the UPDATE that follows, without blocking foreign keys.
    locked = rows.with_for_update(key_share=True).execution_options(populate_existing=True)
    return (await session.scalars(locked)).all()


async def lock_reserved_products(session: AsyncSession, order_ids: Collection[UUID]) -> None:
    """Lock the products that orders have reserved: before their reservations, whose lines never change."""
    lines = select(ReservationLine.product_id).where(ReservationLine.order_id.in_(order_ids)).distinct()
    await lock_products(session, (await session.scalars(lines)).all())
