"""Moving stock: the one place where it changes."""

from collections import Counter
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Uuid, column, func, literal, update
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.messaging import outbox
from product.errors import InsufficientStock, StockTooLarge
from product.events import ProductStockLow
from product.models import MAX_STOCK, Product, StockMovement

LOW_STOCK = 5
"""Fewer than so many units are few: it is announced when a stock becomes so."""


async def move_stock(session: AsyncSession, movements: Sequence[StockMovement]) -> None:
    """
    Enter *movements* in the ledger and change the stock of their products by as much; announce what runs low.

    The transaction has locked these products before (``lock_products``).

    Raises:
        InsufficientStock: Some stock would become negative (409).
        StockTooLarge: Some stock would pass its bound, together with what orders hold (409).
    """
    changes, taken = Counter[UUID](), Counter[UUID]()
    for movement in movements:
        changes[movement.product_id] += movement.quantity
        taken[movement.product_id] -= movement.quantity if movement.order_id else 0
    moved = await _change_stock(session, changes, taken)
    if stuck := changes.keys() - {product.id for product in moved}:
        raise InsufficientStock if any(changes[product_id] < 0 for product_id in stuck) else StockTooLarge
    session.add_all(movements)
    await session.flush()
    for product in moved:
        if product.stock < LOW_STOCK <= product.stock - changes[product.id]:
            await outbox.add(session, ProductStockLow(subject=product.id, stock=product.stock))


async def _change_stock(session: AsyncSession, changes: Counter[UUID], taken: Counter[UUID]) -> Sequence[Product]:
    """Change what can be changed, and what orders hold with it, and give which that is."""
    # Not VALUES: SQLAlchemy compiles that anew for every call, which takes longer than all else here.
    values = [changes[product_id] for product_id in changes], [taken[product_id] for product_id in changes]
    arrays = literal(list(changes), ARRAY(Uuid)), *(literal(one, ARRAY(BigInteger)) for one in values)
    columns = column("product_id", Uuid), column("quantity", BigInteger), column("taken", BigInteger)
    change = func.unnest(*arrays).table_valued(*columns, name="change").render_derived()
    stock, held = Product.stock + change.c.quantity, Product.held + change.c.taken
    possible = Product.id == change.c.product_id, stock >= 0, stock + held <= MAX_STOCK
    statement = update(Product).where(*possible).values(stock=stock, held=held)
    # The objects of the session get their new stock with it.
    options = {"synchronize_session": False, "populate_existing": True}
    return (await session.scalars(statement.returning(Product), execution_options=options)).all()
