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
    Take a product out of the catalogue; nobody can read or reserve it any more.

    Its row stays: the ledger refers to it, and what is reserved of it may still be committed or given back.

    Raises:
        ProductNotFound: There is none with this id (404).
        PreconditionFailed: It is no longer what *if_match* asks for (412).
    """
    statement = update(Product).where(Product.id == product_id, IN_CATALOGUE, as_read(if_match))
    deleted = await session.scalar(statement.values(deleted_at=func.now()).returning(Product.id))
    if deleted is None:
        await get_product(session, product_id)
        raise PreconditionFailed
