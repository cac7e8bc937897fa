"""Adding a product."""

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.money import to_minor
from product.models import Product
from product.schemas import ProductCreate


async def create_product(session: AsyncSession, new: ProductCreate, currency: str) -> Product:
    """Add a product to the catalogue, priced in *currency*."""
    product = Product(
        name=new.name,
        description=new.description,
        price_minor=to_minor(new.price),
        currency=currency,
        stock=new.stock,
    )
    session.add(product)
    await session.flush()
    return product
