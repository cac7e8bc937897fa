"""Every write of the product service beside the rows that must stay unchanged."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from chassis.core.types import new_id
from chassis.postgres.database import Postgres
from product.models import Base, Product, Reservation, StockMovement
from product.services.fulfil_reservation import fulfil_reservation
from tests.product.aliases import MakeProduct
from tests.product.orders import Orders, expire, let_time_pass, stock_of
from tests.support.aliases import Bearer, People
from tests.support.databases import bystanders


@dataclass(frozen=True, slots=True)
class Shelf:
    """Two products, and three orders that hold one of each: ours, one that is reserved, and one that is committed."""

    orders: Orders
    database: Postgres
    people: People
    admin: dict[str, str]
    pot: str
    cup: str
    ours: UUID

    @property
    def both(self) -> dict[str, int]:
        """Return one of each product."""
        return {self.pot: 1, self.cup: 1}

    async def fulfil(self) -> None:
        """Mark our order as shipped."""
        async with self.database.transaction() as session:
            await fulfil_reservation(session, self.ours)

    async def expire(self) -> None:
        """Make our order overdue."""
        await let_time_pass(self.database, self.ours)
        assert await expire(self.database) == 1

    async def write(self, method: str, path: str = "", body: object = None) -> None:
        """Change the pot as an admin."""
        address = f"/api/v1/products/{self.pot}{path}"
        answer = await self.people["product"].request(method, address, json=body, headers=self.admin)
        assert answer.status_code in {200, 204}, answer.text

    async def state(self) -> str | None:
        """Return what is stored of our order."""
        async with self.database.transaction() as session:
            return await session.scalar(select(Reservation.state).where(Reservation.order_id == self.ours))

    async def ledger(self) -> list[tuple[str, int]]:
        """Return the ledger entries of our order."""
        movements = select(StockMovement.kind, StockMovement.quantity).where(StockMovement.order_id == self.ours)
        async with self.database.transaction() as session:
            return sorted((kind, quantity) for kind, quantity in (await session.execute(movements)).all())


@pytest.fixture
async def shelf(
    unswept: None, orders: Orders, database: Postgres, people: People, bearer: Bearer, make_product: MakeProduct
) -> Shelf:
    """Ten pots and ten cups, three of each held."""
    pot, cup = [(await make_product(name=name, stock=10))["id"] for name in ("Pot", "Cup")]
    shelf = Shelf(orders, database, people, bearer(role="admin"), pot, cup, new_id())
    committed = new_id()
    for order_id in (shelf.ours, new_id(), committed):
        await orders.reserve(order_id, **shelf.both)
    await orders.commit(committed)
    return shelf


async def committed(shelf: Shelf) -> None:
    """Commit our order."""
    await shelf.orders.commit(shelf.ours)


async def returned(shelf: Shelf) -> None:
    """Commit and release our order."""
    await shelf.orders.commit(shelf.ours)
    await shelf.orders.release(shelf.ours)


async def fulfilled(shelf: Shelf) -> None:
    """Commit and fulfil our order, twice."""
    await shelf.orders.commit(shelf.ours)
    await shelf.fulfil()
    await shelf.fulfil()


TAKEN = [("reservation", -1)] * 2
ENDS: dict[str, tuple[Callable[[Shelf], Awaitable[object]], int, list[tuple[str, int]]]] = {
    "reserved": (lambda shelf: shelf.orders.reserve(shelf.ours, **shelf.both), 7, TAKEN),
    "committed": (committed, 7, TAKEN),
    "released": (lambda shelf: shelf.orders.release(shelf.ours), 8, [*[("release", 1)] * 2, *TAKEN]),
    "expired": (Shelf.expire, 8, [*[("expiry", 1)] * 2, *TAKEN]),
    "fulfilled": (fulfilled, 7, TAKEN),
}
"""State of our reservation -> how it is reached, the stock of each product then, and our entries of the ledger."""


@pytest.mark.parametrize("state", ENDS)
async def test_what_becomes_of_one_reservation_leaves_the_others(shelf: Shelf, state: str) -> None:
    """Only our rows and the stock of our products change."""
    act, stock, ledger = ENDS[state]

    async with bystanders(shelf.database, Base.metadata, shelf.ours, ("products", shelf.pot), ("products", shelf.cup)):
        await act(shelf)

    assert (await shelf.state(), await shelf.ledger()) == (state, ledger)
    assert [await stock_of(shelf.database, one) for one in (shelf.pot, shelf.cup)] == [stock, stock]


async def test_what_was_committed_comes_back_alone(shelf: Shelf) -> None:
    """A release after the commit returns our units, and no other order's."""
    async with bystanders(shelf.database, Base.metadata, shelf.ours, ("products", shelf.pot), ("products", shelf.cup)):
        await returned(shelf)

    assert (await shelf.state(), await shelf.ledger()) == ("released", [*TAKEN, *[("return", 1)] * 2])
    assert await stock_of(shelf.database, shelf.pot) == 8


async def test_a_reservation_that_is_not_committed_is_not_fulfilled(shelf: Shelf) -> None:
    """An uncommitted reservation stays as it is, with its held units."""
    async with bystanders(shelf.database, Base.metadata):
        await shelf.fulfil()


@pytest.mark.parametrize("quantity", [1, 6], ids=["plenty", "scarce"])
async def test_a_new_reservation_leaves_the_others(shelf: Shelf, quantity: int) -> None:
    """The reserved units of one product are taken; the other product is unchanged."""
    async with bystanders(shelf.database, Base.metadata, order := new_id(), ("products", shelf.pot)):
        await shelf.orders.reserve(order, **{shelf.pot: quantity})

    assert await stock_of(shelf.database, shelf.pot) == 7 - quantity
    async with shelf.database.transaction() as session:
        row = (await session.scalars(select(Reservation).where(Reservation.order_id == order))).one()
    assert [(str(line.product_id), line.quantity, line.name) for line in row.lines] == [(shelf.pot, quantity, "Pot")]
    assert row.state == "reserved"


WRITES: dict[str, tuple[str, str, object, dict[str, Any]]] = {
    "adjust": ("POST", "/stock", {"change": -3, "reason": "Broken."}, {"stock": 4, "version": 1}),
    "rename": ("PATCH", "", {"name": "Jug"}, {"name": "Jug", "stock": 7, "version": 2}),
    "reprice": ("PATCH", "", {"price": 5.5}, {"price_minor": 550, "name": "Pot", "version": 2}),
    "set stock": ("PATCH", "", {"stock": 9}, {"stock": 9, "price_minor": 19999, "version": 2}),
    "delete": ("DELETE", "", None, {"stock": 7, "version": 1}),
}
"""What an admin changes of the pot, and what is stored afterwards."""


@pytest.mark.parametrize("write", WRITES)
async def test_a_write_to_one_product_leaves_the_other(shelf: Shelf, write: str) -> None:
    """The other product, every reservation and every field that is not named stay unchanged."""
    method, path, body, stored = WRITES[write]

    async with bystanders(shelf.database, Base.metadata, ("products", shelf.pot), ("stock_movements", shelf.pot)):
        await shelf.write(method, path, body)

    async with shelf.database.transaction() as session:
        pot = await session.get_one(Product, UUID(shelf.pot))
    assert {name: getattr(pot, name) for name in stored} == stored
    assert (pot.deleted_at is not None) == (write == "delete")
    assert (pot.updated_at > pot.created_at) == (method == "PATCH")
    assert await stock_of(shelf.database, shelf.pot) == pot.stock


async def test_a_sweeper_leaves_what_another_has_in_hand(shelf: Shelf) -> None:
    """A locked reservation is skipped without waiting; the other overdue ones expire, and no others."""
    await shelf.orders.reserve(locked := new_id(), **shelf.both)
    for order_id in (locked, shelf.ours):
        await let_time_pass(shelf.database, order_id)

    async with shelf.database.transaction() as session:
        await session.execute(select(Reservation).where(Reservation.order_id == locked).with_for_update())
        assert await expire(shelf.database) == 1

    assert await shelf.state() == "expired"
    assert (await shelf.orders.read(locked))["state"] == "reserved"
    assert await expire(shelf.database) == 1


async def test_the_sweeper_begins_with_what_is_overdue_longest(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    """With more overdue reservations than a batch, the oldest go first, so that each one expires in time."""
    monkeypatch.setattr("product.services.expire_reservations.BATCH", 1)
    await shelf.orders.reserve(later := new_id(), **shelf.both)
    for order_id in (shelf.ours, later):
        await let_time_pass(shelf.database, order_id)
    async with shelf.database.transaction() as session:
        earlier = update(Reservation).where(Reservation.order_id == later)
        await session.execute(earlier.values(expires_at=Reservation.expires_at - timedelta(minutes=1)))

    assert await expire(shelf.database) == 1

    assert (await shelf.state(), (await shelf.orders.read(later))["state"]) == ("reserved", "expired")
    assert await expire(shelf.database) == 1
