"""Reading the ledger."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.web.listing import list_newest
from chassis.web.pagination import PageRequest, Slice
from product.models import StockMovement
from product.services.get_product import get_product


async def list_movements(session: AsyncSession, product_id: UUID, page: PageRequest) -> Slice[StockMovement]:
    """
    Return one page of a product's ledger, newest first.

    Raises:
        ProductNotFound: There is no product with this id (404).
    """
    await get_product(session, product_id)
    query = select(StockMovement).where(StockMovement.product_id == product_id)
    return await list_newest(session, query, StockMovement.id, page)
