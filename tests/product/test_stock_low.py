"""``product.stock_low``: published when a stock falls below five, and not otherwise."""

from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.core import json as strict_json
from chassis.core.types import new_id
from chassis.postgres.database import Postgres
from chassis.postgres.tables import outbox
from cli.dev.polling import eventually
from product.models import MovementKind, StockMovement
from product.schemas import ReservationCreate, ReservationItem
from product.services.move_stock import move_stock
from product.services.reserve_stock import reserve_stock
from tests.product.aliases import MakeProduct
from tests.product.orders import Orders

LOW = "product.stock_low"


async def published_events(session: AsyncSession) -> list[tuple[str, dict[str, Any]]]:
    """Return the products that the transaction has published as low, and the data of the events."""
    messages = (await session.scalars(select(outbox.c.message).order_by(outbox.c.position))).all()
    events = [strict_json.loads(message.encode()) for message in messages]
    return [(event["subject"], event["data"]) for event in events if event["type"] == LOW]


@pytest.mark.parametrize(
    ("before", "change", "is_announced"),
    [(5, -1, True), (10, -10, True), (6, -1, False), (4, -1, False), (5, 1, False), (3, 2, False), (0, 4, False)],
)
async def test_a_stock_that_becomes_low_is_announced_once(
    make_product: MakeProduct, database: Postgres, *, before: int, change: int, is_announced: bool
) -> None:
    """The event follows a fall from five or more to fewer, and no other change or product."""
    await make_product(stock=1)
    pot = (await make_product(stock=before))["id"]
    movement = StockMovement(product_id=UUID(pot), quantity=change, kind=MovementKind.ADJUSTMENT, reason="Counted.")

    async with database.transaction() as session:
        await move_stock(session, [movement])
        found = await published_events(session)

    assert found == ([(pot, {"stock": before + change})] if is_announced else [])


async def test_each_product_of_an_order_that_becomes_low_is_announced(
    make_product: MakeProduct, database: Postgres
) -> None:
    """Products of the order with enough left are not in an event."""
    low, lower, enough = [(await make_product(stock=stock))["id"] for stock in (6, 5, 100)]
    items = [ReservationItem(product_id=UUID(one), quantity=2) for one in (low, lower, enough)]

    await reserve_stock(database, ReservationCreate(order_id=new_id(), items=items), 120)

    async with database.transaction() as session:
        found = await published_events(session)

    assert sorted(found) == sorted([(low, {"stock": 4}), (lower, {"stock": 3})])


async def test_analytics_hears_of_it(orders: Orders, make_product: MakeProduct, apps: dict[str, FastAPI]) -> None:
    """Analytics receives the event of that one of two reservations which leaves fewer than five, on either way."""
    pot = await make_product(stock=6)
    for _ in range(2):
        await orders.reserve(new_id(), **{pot["id"]: 1})

    async def heard() -> list[tuple[str, int]]:
        async with apps["analytics"].state.application.store.use() as database:
            found = await database["events"].find({"type": LOW}).to_list(None)
        return [(event["subject"], event["data"]["stock"]) for event in found]

    async def is_heard() -> bool:
        return bool(await heard())

    assert await eventually(is_heard)
    assert await heard() == [(pot["id"], 4)]
