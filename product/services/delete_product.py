"""Removing a product."""

from uuid import UUID

from sqlalchemy import func, update
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.web.etag import PreconditionFailed, Tags
from product.entity_versions import as_read
from product.models import IN_CATALOGUE, Product
from product.services.get_product import get_product


async def delete_product(session: AsyncSession, product_id: UUID, if_match: Tags | None) -> None:
    """
    Remove a product from the catalogue; it can no longer be read or reserved.

    Its row stays: the ledger refers to it, and its reserved units may still be committed or returned.

    Raises:
        ProductNotFound: There is no product with this id (404).
        PreconditionFailed: It has changed since the version of *if_match* (412).
    """
    statement = update(Product).where(Product.id == product_id, IN_CATALOGUE, as_read(if_match))
    deleted = await session.scalar(statement.values(deleted_at=func.now()).returning(Product.id))
    if deleted is None:
        await get_product(session, product_id)
        raise PreconditionFailed
