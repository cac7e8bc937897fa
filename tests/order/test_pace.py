from datetime import timedelta
from itertools import pairwise

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.core.types import new_id
from chassis.postgres.database import Postgres
from order.models import Base, Order, OrderLine, OrderStatus
from order.services.advance_order import PATIENCE
from order.services.resume_orders import AT_ONCE, resume_orders
from tests.order.shop import Away, Shop
from tests.support.databases import bystanders

SECONDS = int(PATIENCE.total_seconds()) - 5
"""Nearly the time after which orders expire."""


@pytest.fixture
def database(shop: Shop, unresumed: None) -> Postgres:
    """The order service's database."""
    store: Postgres = shop.app.state.application.store
    return store


async def store_pending(session: AsyncSession) -> Order:
    """Store a pending order that is to be resumed."""
    session.add(order := Order(id=new_id(), user_id=new_id(), status=OrderStatus.PENDING, resume_at=func.now()))
    await session.flush()
    session.add(OrderLine(order_id=order.id, position=0, product_id=new_id(), quantity=1))
    return order


async def let_a_second_pass(database: Postgres) -> None:
    """Move everything that has happened, or is due, one second into the past."""
    second = timedelta(seconds=1)
    async with database.transaction() as session:
        await session.execute(
            update(Order).values(created_at=Order.created_at - second, resume_at=Order.resume_at - second)
        )


async def status_of(database: Postgres, order: Order) -> str | None:
    """Return the stored status."""
    async with database.transaction() as session:
        return await session.scalar(select(Order.status).where(Order.id == order.id))


async def test_the_longer_an_outage_lasts_the_rarer_an_order_is_tried(database: Postgres) -> None:
    """Polled every second, an order is tried a dozen times in two minutes, at most 20 s apart; then it expires."""
    async with database.transaction() as session:
        order = await store_pending(session)
    away, tried_at = Away(), list[int]()

    for second in range(SECONDS):
        before = away.asked.total()
        await resume_orders(database, away)
        tried_at += [second] * (away.asked.total() - before)
        await let_a_second_pass(database)

    pauses = [later - earlier for earlier, later in pairwise(tried_at)]
    assert 9 <= len(tried_at) <= 20
    assert tried_at[0] == 0
    assert max(pauses[:3]) <= 3
    assert 5 <= max(pauses) <= 20
    assert await status_of(database, order) == OrderStatus.PENDING
    for _ in range(7):
        await resume_orders(database, away)
        await let_a_second_pass(database)
    assert await status_of(database, order) == OrderStatus.EXPIRED


async def test_many_orders_are_tried_a_few_a_second(database: Postgres) -> None:
    """However many orders wait, one poll tries at most a batch; the others stay unchanged."""
    async with database.transaction() as session:
        orders = [await store_pending(session) for _ in range(3 * AT_ONCE)]
    away = Away()

    async with bystanders(database, Base.metadata) as involved:
        await resume_orders(database, away)
        involved.update(away.asked)

    assert len(away.asked) == AT_ONCE
    assert away.asked.keys() <= {str(order.id) for order in orders}


async def test_who_has_nothing_to_resume_asks_once(database: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    """An idle poll is one statement without a transaction; orders that are not due or not pending stay unchanged."""
    async with database.transaction() as session:
        (await store_pending(session)).resume_at = func.now() + timedelta(seconds=5)
        cancelled = await store_pending(session)
        cancelled.status, cancelled.resume_at = OrderStatus.CANCELLED, None
    statements = 0
    run = database.run

    async def count(*args: object, **options: object) -> object:
        nonlocal statements
        statements += 1
        return await run(*args, **options)  # type: ignore[arg-type] # handed on

    monkeypatch.setattr(database, "run", count)
    monkeypatch.setattr(database, "transaction", None)

    await resume_orders(database, Away())

    assert statements == 1
