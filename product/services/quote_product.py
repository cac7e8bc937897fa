"""Telling the order service what something costs."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from product.errors import InsufficientStock
from product.schemas import Quote
from product.services.get_product import get_product


async def quote_product(session: AsyncSession, product_id: UUID, quantity: int) -> Quote:
    """
    Price a quantity of a product that is in stock.

    Raises:
        ProductNotFound: There is no product with this id (404).
        InsufficientStock: Fewer are left (409).
    """
    product = await get_product(session, product_id)
    if product.stock < quantity:
        raise InsufficientStock
    return Quote(
        product_id=product.id,
        quantity=quantity,
        unit_price_minor=product.price_minor,
        total_price_minor=product.price_minor * quantity,
        currency=product.currency,
    )
