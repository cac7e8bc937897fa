"""A reservation that waits for another transaction moves every line, whatever PostgreSQL's plan."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select, text, update

from chassis.core.types import new_id
from chassis.messaging.outbox import PublishEach
from chassis.postgres.database import Postgres
from chassis.postgres.nonces import Nonce
from chassis.postgres.statements import run_in
from cli.dev.polling import eventually
from product.events import ProductStockLow
from product.models import Product, ReservationState, StockMovement
from product.services.move_stock import LOW_STOCK
from product.services.reserve_stock import RESERVE
from tests.product.aliases import MakeProduct
from tests.product.test_locks import is_waiting

PLANS = {
    "nested loops": ("hashjoin", "mergejoin"),
    "hash joins": ("nestloop", "mergejoin"),
    "merge joins": ("nestloop", "hashjoin"),
    "sequential scans": ("indexscan", "bitmapscan", "indexonlyscan"),
}


async def reserve(database: Postgres, off: tuple[str, ...], order_id: UUID, products: list[UUID]) -> None:
    """Reserve a unit of each product with these plan nodes disabled."""
    values = {
        "order_id": order_id,
        "state": ReservationState.RESERVED,
        "time": timedelta(minutes=1),
        "product_ids": products,
        "quantities": [1 for _ in products],
        "movement_ids": [new_id() for _ in products],
        "low": LOW_STOCK,
    }
    async with database.transaction() as session:
        for node in off:
            await session.execute(text(f"SET LOCAL enable_{node} = off"))
        await run_in(session, RESERVE, values, Nonce(None), PublishEach(ProductStockLow))


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize(("stock", "change"), [(10, -4), (0, 5)], ids=["sold meanwhile", "supplied meanwhile"])
async def test_a_reservation_that_waited_moves_every_line(
    database: Postgres, make_product: MakeProduct, plan: str, stock: int, change: int
) -> None:
    """A stock that changed while the statement waited is read, compared and updated at its new value."""
    products = [UUID((await make_product(stock=amount))["id"]) for amount in (10, stock, 10)]
    order_id = new_id()

    async with database.transaction() as session:
        await session.execute(update(Product).where(Product.id == products[1]).values(stock=Product.stock + change))
        reserving = asyncio.create_task(reserve(database, PLANS[plan], order_id, products))
        assert await eventually(lambda: is_waiting(database))
    await reserving

    async with database.transaction() as session:
        moved = select(func.count()).where(StockMovement.order_id == order_id)
        assert await session.scalar(moved) == len(products)
        stocks = await session.execute(select(Product.id, Product.stock, Product.held).where(Product.id.in_(products)))
        left = [(9, 1), (stock + change - 1, 1), (9, 1)]
        assert {row.id: (row.stock, row.held) for row in stocks} == dict(zip(products, left, strict=True))
