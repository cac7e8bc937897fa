"""Adding a product."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.core.money import to_minor
from chassis.messaging import outbox
from product.events import ProductCreated
from product.models import MovementKind, Product, StockMovement
from product.schemas import ProductCreate


async def create_product(session: AsyncSession, new: ProductCreate, currency: str, actor: UUID) -> Product:
    """Add a product to the catalogue, priced in *currency*, and publish it; its stock begins its ledger."""
    product = Product(
        name=new.name,
        description=new.description,
        price_minor=to_minor(new.price),
        currency=currency,
        stock=new.stock,
    )
    session.add(product)
    await session.flush()
    if new.stock:
        session.add(StockMovement(product_id=product.id, quantity=new.stock, kind=MovementKind.INITIAL, actor=actor))
    created = ProductCreated(
        subject=product.id, name=product.name, price_minor=product.price_minor, currency=product.currency
    )
    await outbox.add(session, created)
    return product
