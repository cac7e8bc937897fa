"""Moving stock: the one place where it changes."""

from collections import Counter
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Uuid, column, func, literal, update
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import outbox
from product.errors import InsufficientStock
from product.events import ProductStockLow
from product.models import Product, StockMovement

LOW_STOCK = 5
"""Fewer than so many units are few: it is announced when a stock becomes so."""


async def move_stock(session: AsyncSession, movements: Sequence[StockMovement]) -> None:
    """
    Enter *movements* in the ledger and change the stock of their products by as much; announce what runs low.

    The transaction has locked these products before (``lock_products``).

    Raises:
        InsufficientStock: Some stock would become negative; the message names the products (409).
    """
    changes = Counter[UUID]()
    for movement in movements:
        changes[movement.product_id] += movement.quantity
    moved = await _change_stock(session, changes)
    if short := changes.keys() - {product.id for product in moved}:
        raise InsufficientStock(f"Fewer are left than are wanted of: {', '.join(map(str, sorted(short)))}.")
    session.add_all(movements)
    await session.flush()
    for product in moved:
        if product.stock < LOW_STOCK <= product.stock - changes[product.id]:
            await outbox.add(session, ProductStockLow(subject=product.id, stock=product.stock))


async def _change_stock(session: AsyncSession, changes: Counter[UUID]) -> Sequence[Product]:
    """Change what can be changed, and give which that is."""
    # Not VALUES: SQLAlchemy compiles that anew for every call, which takes longer than all else here.
    arrays = literal(list(changes), ARRAY(Uuid)), literal(list(changes.values()), ARRAY(BigInteger))
    columns = column("product_id", Uuid), column("quantity", BigInteger)
    change = func.unnest(*arrays).table_valued(*columns, name="change").render_derived()
    stock = Product.stock + change.c.quantity
    statement = update(Product).where(Product.id == change.c.product_id, stock >= 0).values(stock=stock)
    # The objects of the session get their new stock with it.
    options = {"synchronize_session": False, "populate_existing": True}
    return (await session.scalars(statement.returning(Product), execution_options=options)).all()
