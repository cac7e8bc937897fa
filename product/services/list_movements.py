"""Reading the ledger."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.pagination import PageRequest, Slice
from product.models import StockMovement
from product.services.get_product import get_product


async def list_movements(session: AsyncSession, product_id: UUID, page: PageRequest) -> Slice[StockMovement]:
    """
    Give one page of a product's ledger, newest first.

    Raises:
        ProductNotFound: There is no product with this id (404).
    """
    await get_product(session, product_id)
    query = select(StockMovement).where(StockMovement.product_id == product_id)
    if page.after:
        query = query.where(StockMovement.id < page.after)
    rows = (await session.scalars(query.order_by(StockMovement.id.desc()).limit(page.limit + 1))).all()
    return page.slice(rows, lambda movement: movement.id)
