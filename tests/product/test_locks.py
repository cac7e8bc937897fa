import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.ids import new_id
from chassis.postgres import Postgres
from chassis.testing import eventually
from product.models import Base, Product
from tests.aliases import Bearer, People
from tests.databases import bystanders
from tests.product.aliases import MakeProduct
from tests.product.orders import RESERVATIONS, Orders, stock_of
from tests.sealing.messages import Forge, send

_WAITING = text("""
    SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')
""")


@asynccontextmanager
async def while_locked(database: Postgres, product_id: str) -> AsyncIterator[AsyncSession]:
    """Hold a product as somebody does who moves its stock."""
    async with database.transaction() as session:
        await session.execute(select(Product).where(Product.id == UUID(product_id)).with_for_update(key_share=True))
        yield session


async def is_waiting(database: Postgres) -> bool:
    """Whether a transaction waits for a lock."""
    async with database.transaction() as session:
        return bool(await session.scalar(_WAITING))


async def move_to_the_end(database: Postgres, product_id: str) -> None:
    """Let a product lie behind the others in its table, where a scan comes to it last."""
    async with database.transaction() as session:
        await session.execute(update(Product).where(Product.id == UUID(product_id)).values(version=Product.version))


RESERVING: dict[str, int] = {"plenty": 1, "scarce": 9}


@pytest.mark.parametrize("quantity", RESERVING.values(), ids=RESERVING)
async def test_who_waits_for_a_product_holds_none_that_comes_after(
    orders: Orders, make_product: MakeProduct, database: Postgres, quantity: int
) -> None:
    """Products are locked in the order of their ids, however they are named: no two orders wait for each other."""
    first, second = sorted([(await make_product(stock=10))["id"] for _ in range(2)])
    await move_to_the_end(database, first)

    async with while_locked(database, first):
        reserving = asyncio.create_task(orders.reserve(new_id(), **{second: quantity, first: quantity}))
        assert await eventually(lambda: is_waiting(database))
        async with database.transaction() as session:
            free = select(Product.id).where(Product.id == UUID(second)).with_for_update(nowait=True)
            assert await session.scalar(free) == UUID(second)

    assert (await reserving)["state"] == "reserved"
    assert [await stock_of(database, one) for one in (first, second)] == [10 - quantity] * 2


async def test_a_release_waits_for_products_in_the_order_of_their_ids(
    orders: Orders, make_product: MakeProduct, database: Postgres
) -> None:
    """As a reservation does."""
    first, second = sorted([(await make_product(stock=10))["id"] for _ in range(2)])
    await move_to_the_end(database, first)
    await orders.reserve(order_id := new_id(), **{second: 1, first: 1})

    async with while_locked(database, first):
        releasing = asyncio.create_task(orders.release(order_id))
        assert await eventually(lambda: is_waiting(database))
        async with database.transaction() as session:
            free = select(Product.id).where(Product.id == UUID(second)).with_for_update(nowait=True)
            assert await session.scalar(free) == UUID(second)

    assert (await releasing)["state"] == "released"


async def test_an_adjustment_sees_what_was_sold_while_it_waited(
    people: People, bearer: Bearer, make_product: MakeProduct, database: Postgres
) -> None:
    """It waits for whoever moves the stock, and answers the stock as it is then."""
    pot, admin = (await make_product(stock=10))["id"], bearer(role="admin")
    body = {"change": 1, "reason": "Found."}

    async with while_locked(database, pot) as session:
        adjusting = asyncio.create_task(
            people["product"].post(f"/api/v1/products/{pot}/stock", json=body, headers=admin)
        )
        assert await eventually(lambda: is_waiting(database))
        await session.execute(text("UPDATE products SET stock = 4"))

    assert (await adjusting).json()["stock"] == 5


@pytest.mark.parametrize("path", ["", "scarce", "commit", "release"])
async def test_a_sealed_request_that_is_replayed_is_refused(
    orders: Orders, make_product: MakeProduct, database: Postgres, environment: dict[str, str], path: str
) -> None:
    """Though it could do no harm: the claim is part of the statement that does the work, and of the slow way too."""
    pot, order_id = (await make_product(stock=10))["id"], new_id()
    items = [{"product_id": pot, "quantity": 9 if path == "scarce" else 1}]
    body: object = {"order_id": str(order_id), "items": items}
    address = RESERVATIONS
    if path in {"commit", "release"}:
        await orders.reserve(order_id, **{pot: 1})
        address, body = f"{RESERVATIONS}/{order_id}/{path}", {}
    message = Forge("order", "product", environment, "POST", address, json=body).message()

    first = message.open(await send(environment["PRODUCT_SERVICE_URL"], message.wire))
    async with bystanders(database, Base.metadata):
        second = await send(environment["PRODUCT_SERVICE_URL"], message.wire)

    assert (first.status // 100, second.status) == (2, 401)
