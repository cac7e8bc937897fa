"""Changing a product."""

from typing import Any
from uuid import UUID

from sqlalchemy import func, update
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.core.errors import NothingToChange
from chassis.core.money import to_minor
from chassis.messaging import outbox
from chassis.web.etag import PreconditionFailed, Tags
from product.entity_versions import as_read
from product.events import ProductUpdated
from product.models import IN_CATALOGUE, MovementKind, Product, StockMovement
from product.schemas import ProductUpdate
from product.services.get_product import get_product
from product.services.move_stock import move_stock


async def update_product(
    session: AsyncSession, product_id: UUID, change: ProductUpdate, if_match: Tags | None, actor: UUID
) -> Product:
    """
    Change the named fields of a product, and publish it; a new stock is an adjustment in the ledger.

    Raises:
        NothingToChange: No field is named (422).
        ProductNotFound: There is no product with this id (404).
        StockTooLarge: The stock would exceed its bound, together with the units that orders hold (409).
        PreconditionFailed: It has changed since the version of *if_match*; a changed stock counts if it is set (412).
    """
    values = change.model_dump(exclude_none=True)
    if not values:
        raise NothingToChange
    changed = tuple(sorted(values))
    stock = values.pop("stock", None)
    condition = as_read(if_match, with_stock=stock is not None)
    edit = update(Product).where(Product.id == product_id, IN_CATALOGUE, condition).values(_edited(values))
    product: Product | None = await session.scalar(edit.returning(Product))
    if product is None:
        await get_product(session, product_id)
        raise PreconditionFailed
    if stock is not None and stock != product.stock:
        await move_stock(session, [_adjustment(product, stock, actor)])
        await session.refresh(product)
    await outbox.add(session, ProductUpdated(subject=product.id, changed=changed))
    return product


def _edited(values: dict[str, Any]) -> dict[str, Any]:
    edited = {**values, "version": Product.version + 1, "updated_at": func.now()}
    if "price" in values:
        edited["price_minor"] = to_minor(edited.pop("price"))
    return edited


def _adjustment(product: Product, stock: int, actor: UUID) -> StockMovement:
    return StockMovement(
        product_id=product.id,
        quantity=stock - product.stock,
        kind=MovementKind.ADJUSTMENT,
        reason="set by an admin",
        actor=actor,
    )
