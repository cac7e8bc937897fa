"""Correcting a stock."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from product.errors import ProductNotFound
from product.models import MovementKind, Product, StockMovement
from product.schemas import StockAdjustment
from product.services.lock_products import lock_products
from product.services.move_stock import move_stock


async def adjust_stock(session: AsyncSession, product_id: UUID, adjustment: StockAdjustment, actor: UUID) -> Product:
    """
    Add units to a stock, or remove some, with a reason for the ledger.

    Raises:
        ProductNotFound: There is no product with this id (404).
        InsufficientStock: Fewer units are left than should be removed (409).
        StockTooLarge: The stock would exceed its bound, together with the units that orders hold (409).
    """
    product = next(iter(await lock_products(session, [product_id])), None)
    if product is None or product.deleted_at:
        raise ProductNotFound
    movement = StockMovement(
        product_id=product_id,
        quantity=adjustment.change,
        kind=MovementKind.ADJUSTMENT,
        reason=adjustment.reason,
        actor=actor,
    )
    await move_stock(session, [movement])
    await session.refresh(product)
    return product
