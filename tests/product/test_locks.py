import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.core.types import new_id
from chassis.dispatch.errors import RemoteError
from chassis.postgres.database import Postgres
from cli.dev.polling import eventually
from product.models import Base, Product, Reservation, StockMovement
from product.schemas import ReservationCreate, ReservationItem
from product.services.commit_reservation import commit_reservation
from product.services.expire_reservations import expire_reservations
from product.services.fulfil_reservation import fulfil_reservation
from product.services.lock_products import lock_products
from product.services.release_reservation import release_reservation
from product.services.reserve_stock import reserve_stock
from tests.product.aliases import MakeProduct
from tests.product.orders import RESERVATIONS, Orders, refusal, stock_of
from tests.sealing.messages import Forge, send
from tests.support.aliases import Bearer, People
from tests.support.databases import bystanders

_WAITING = text("""
    SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
""")


@asynccontextmanager
async def while_locked(database: Postgres, product_id: str) -> AsyncIterator[AsyncSession]:
    """Hold the lock of a product, as a transaction that moves its stock does."""
    async with database.transaction() as session:
        await session.execute(select(Product).where(Product.id == UUID(product_id)).with_for_update(key_share=True))
        yield session


async def is_waiting(database: Postgres, how_many: int = 1) -> bool:
    """Return whether this many transactions wait for a lock."""
    async with database.transaction() as session:
        return bool(await session.scalar(_WAITING) == how_many)


async def is_free(database: Postgres, product_id: str) -> bool:
    """Return whether a product is not locked."""
    async with database.transaction() as session:
        free = select(Product.id).where(Product.id == UUID(product_id)).with_for_update(skip_locked=True)
        return await session.scalar(free) is not None


async def locked_reservations(database: Postgres) -> set[UUID]:
    """Return the orders whose reservations are locked."""
    async with database.transaction() as session:
        free = (await session.scalars(select(Reservation.order_id).with_for_update(skip_locked=True))).all()
        return set(await session.scalars(select(Reservation.order_id))) - set(free)


async def lay_out(database: Postgres, *product_ids: str) -> None:
    """Store products in the table in this order, which is that of a scan."""
    for product_id in product_ids:
        async with database.transaction() as session:
            again = update(Product).where(Product.id == UUID(product_id)).values(version=Product.version)
            await session.execute(again)


@dataclass(frozen=True, slots=True)
class Shelf:
    """Ten each of two products, the first stored last in the table, and orders that name the second first."""

    database: Postgres
    first: UUID
    second: UUID

    async def reserve(self, quantity: int = 1) -> UUID:
        """Reserve for a new order."""
        items = [ReservationItem(product_id=one, quantity=quantity) for one in (self.second, self.first)]
        await reserve_stock(self.database, ReservationCreate(order_id=(order_id := new_id()), items=items), 120)
        return order_id

    async def reserve_each(self) -> None:
        """Reserve the products for an order each, and make both overdue, the second for longer."""
        for product_id, seconds in ((self.second, -2), (self.first, -1)):
            items = [ReservationItem(product_id=product_id, quantity=1)]
            await reserve_stock(self.database, ReservationCreate(order_id=new_id(), items=items), seconds)

    async def within(self, step: Callable[..., Awaitable[object]], *arguments: object) -> None:
        """Run one step in a transaction."""
        async with self.database.transaction() as session:
            await step(session, *arguments)


Act = Coroutine[Any, Any, object]


async def reserve(shelf: Shelf) -> Act:
    """Reserve with plenty in stock: one statement."""
    return shelf.reserve()


async def reserve_scarce(shelf: Shelf) -> Act:
    """Reserve with little left: step by step."""
    return shelf.reserve(9)


async def release(shelf: Shelf) -> Act:
    """Release a reservation of both."""
    return shelf.within(release_reservation, await shelf.reserve())


async def fulfil(shelf: Shelf) -> Act:
    """Fulfil a reservation of both."""
    await commit_reservation(shelf.database, order_id := await shelf.reserve())
    return shelf.within(fulfil_reservation, order_id)


async def expire(shelf: Shelf) -> Act:
    """Expire a reservation of each."""
    await shelf.reserve_each()
    return shelf.within(expire_reservations)


ACTS = [(reserve, 9), (reserve_scarce, 1), (release, 10), (fulfil, 9), (expire, 10)]
"""The preparation of an action that locks two products, and the stock of each afterwards."""


@pytest.mark.usefixtures("unswept")
@pytest.mark.parametrize(("prepare", "stock"), ACTS)
async def test_who_waits_for_a_product_holds_nothing_that_comes_after(
    make_product: MakeProduct,
    database: Postgres,
    unordered: Postgres,
    prepare: Callable[[Shelf], Awaitable[Act]],
    stock: int,
) -> None:
    """Products are locked in the order of their ids, before reservations: transactions never deadlock."""
    first, second = sorted([(await make_product(stock=10))["id"] for _ in range(2)])
    act = await prepare(Shelf(unordered, UUID(first), UUID(second)))
    await lay_out(database, second, first)

    async with while_locked(database, first):
        acting = asyncio.create_task(act)
        assert await eventually(lambda: is_waiting(database))
        second_is_free, locked = await is_free(database, second), await locked_reservations(database)
    await acting

    assert (second_is_free, locked) == (True, set())
    assert [await stock_of(database, one) for one in (first, second)] == [stock, stock]


CHANGES: dict[str, dict[str, object]] = {
    "insufficient_stock": {"stock": 0},
    "product_not_found": {"deleted_at": func.now()},
}
"""The change of a product meanwhile, by the refusal of the order that it causes."""


@pytest.mark.parametrize("quantity", [1, 9], ids=["plenty", "scarce"])
@pytest.mark.parametrize("code", CHANGES)
async def test_a_reservation_sees_what_has_happened_while_it_waited(
    orders: Orders, make_product: MakeProduct, database: Postgres, code: str, quantity: int
) -> None:
    """The reservation is decided by the present stock: refused with the present reason, and nothing is taken."""
    pot, cup = [(await make_product(stock=10))["id"] for _ in range(2)]

    async with while_locked(database, pot) as session:
        reserving = asyncio.create_task(orders.reserve(new_id(), **{cup: quantity, pot: quantity}))
        assert await eventually(lambda: is_waiting(database))
        await session.execute(update(Product).where(Product.id == UUID(pot)).values(CHANGES[code]))

    with pytest.raises(RemoteError) as refused:
        await reserving
    assert refusal(refused.value) == (409, code)
    assert await stock_of(database, cup) == 10


async def test_an_order_that_asks_twice_at_once_for_the_last_units_has_them(
    orders: Orders, make_product: MakeProduct, database: Postgres
) -> None:
    """The second request finds only the first one's reservation left: both get the same answer."""
    pot, order_id = (await make_product(stock=10))["id"], new_id()

    async with while_locked(database, pot):
        reserving = [asyncio.create_task(orders.reserve(order_id, **{pot: 10})) for _ in range(2)]
        assert await eventually(lambda: is_waiting(database, 2))

    first, second = await asyncio.gather(*reserving)
    assert first == second
    assert await stock_of(database, pot) == 0


async def test_a_release_sees_that_the_order_was_committed_while_it_waited(
    orders: Orders, make_product: MakeProduct, database: Postgres
) -> None:
    """A release that waited for the commit enters a return into the ledger."""
    pot = (await make_product(stock=10))["id"]
    await orders.reserve(order_id := new_id(), **{pot: 1})

    async with database.transaction() as session:
        reservation = await session.get_one(Reservation, order_id, with_for_update=True)
        releasing = asyncio.create_task(orders.release(order_id))
        assert await eventually(lambda: is_waiting(database))
        reservation.state = "committed"

    assert (await releasing)["state"] == "released"
    async with database.transaction() as session:
        back = select(StockMovement.kind).where(StockMovement.order_id == order_id, StockMovement.quantity > 0)
        assert await session.scalar(back) == "return"
    assert await stock_of(database, pot) == 10


async def test_a_locked_product_can_still_be_referred_to(make_product: MakeProduct, database: Postgres) -> None:
    """A foreign key takes a key-share lock only: lines of other orders do not wait for a stock to move."""
    pot = UUID((await make_product())["id"])

    async with database.transaction() as holding:
        await lock_products(holding, [pot])
        async with database.transaction() as session:
            refer = select(Product.id).where(Product.id == pot)
            assert await session.scalar(refer.with_for_update(read=True, key_share=True, skip_locked=True)) == pot


async def test_products_are_given_as_they_are_when_they_are_locked(
    make_product: MakeProduct, database: Postgres
) -> None:
    """Products are returned as they are once locked, not as the session read them before."""
    pot = UUID((await make_product())["id"])

    async with database.transaction() as session:
        read = await session.get_one(Product, pot)
        async with database.transaction() as other:
            await other.execute(update(Product).where(Product.id == pot).values(name="Jug"))
        locked = await lock_products(session, [pot])

        assert [(product is read, product.name) for product in locked] == [(True, "Jug")]


async def test_an_adjustment_sees_what_was_sold_while_it_waited(
    people: People, bearer: Bearer, make_product: MakeProduct, database: Postgres
) -> None:
    """An adjustment waits for the transaction that moves the stock, and returns the resulting stock."""
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
    """A replay is refused even where it would be harmless: the nonce is claimed on the fast way and on the slow one."""
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
