import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select, update

from chassis.core.types import new_id
from chassis.dispatch.errors import RemoteError
from chassis.postgres.database import Postgres
from product import for_orders
from product.expiries import KEEP_RESERVATIONS
from product.for_orders import _expire_reservations
from product.models import Product, Reservation, ReservationLine, StockMovement
from product.services import expire_reservations as expiry
from tests.product.aliases import MakeProduct
from tests.product.orders import Orders, expire, let_time_pass, refusal, stock_of
from tests.support.aliases import Bearer, People


async def test_committing_keeps_the_units(orders: Orders, make_product: MakeProduct, database: Postgres) -> None:
    """A commit, and a repeated one, leave the stock as reserved, and the time limit no longer applies."""
    pot = await make_product()
    await orders.reserve(order_id := new_id(), **{pot["id"]: 2})

    states = [(await orders.commit(order_id))["state"] for _ in range(2)]
    await let_time_pass(database, order_id)

    assert states == ["committed", "committed"]
    assert await expire(database) == 0
    assert await stock_of(database, pot["id"]) == 3


@pytest.mark.parametrize("earlier", [None, "reserve", "take"])
async def test_a_reservation_can_be_committed_at_once(
    orders: Orders, make_product: MakeProduct, database: Postgres, earlier: str | None
) -> None:
    """One request reserves and commits; it also commits an earlier reservation of the same items, and repeats."""
    pot, bystander = await make_product(), await make_product()
    await orders.reserve(beside := new_id(), **{bystander["id"]: 1})
    order_id = new_id()
    if earlier:
        await getattr(orders, earlier)(order_id, **{pot["id"]: 2})

    answers = [await orders.take(order_id, **{pot["id"]: 2}) for _ in range(2)]
    await let_time_pass(database, order_id)

    assert [one["state"] for one in answers] == ["committed", "committed"]
    assert answers[0]["lines"] == answers[1]["lines"]
    assert await expire(database) == 0
    assert (await orders.read(order_id))["state"] == "committed"
    assert await stock_of(database, pot["id"]) == 3
    assert (await orders.read(beside))["state"] == "reserved"


@pytest.mark.parametrize(("committed", "kind"), [(False, "release"), (True, "return")])
async def test_releasing_gives_the_units_back_once(
    orders: Orders, make_product: MakeProduct, database: Postgres, *, committed: bool, kind: str
) -> None:
    """A release, and a repeated one, return the units once; the ledger shows whether the order had been committed."""
    pot = await make_product()
    await orders.reserve(order_id := new_id(), **{pot["id"]: 2})
    if committed:
        await orders.commit(order_id)

    states = [(await orders.release(order_id))["state"] for _ in range(2)]

    assert states == ["released", "released"]
    assert await stock_of(database, pot["id"]) == 5
    async with database.transaction() as session:
        ledger = select(StockMovement.kind, StockMovement.quantity).where(StockMovement.order_id == order_id)
        rows = (await session.execute(ledger.order_by(StockMovement.id))).all()
    assert [tuple(row) for row in rows] == [("reservation", -2), (kind, 2)]


async def test_a_release_that_overtakes_its_reserve_wins(
    orders: Orders, make_product: MakeProduct, database: Postgres
) -> None:
    """A reservation that was released in advance is refused."""
    pot = await make_product()

    tombstone = await orders.release(order_id := new_id())
    with pytest.raises(RemoteError) as refused:
        await orders.reserve(order_id, **{pot["id"]: 2})

    assert (tombstone["state"], tombstone["lines"], tombstone["currency"]) == ("released", [], None)
    assert await orders.release(order_id) == tombstone
    assert refusal(refused.value) == (409, "reservation_closed")
    assert await stock_of(database, pot["id"]) == 5


@pytest.mark.parametrize("swept", [False, True])
async def test_what_is_overdue_is_closed(
    orders: Orders, make_product: MakeProduct, database: Postgres, *, swept: bool
) -> None:
    """An overdue reservation can be neither committed nor repeated, whether or not it was swept."""
    pot = await make_product()
    await orders.reserve(order_id := new_id(), **{pot["id"]: 2})
    await let_time_pass(database, order_id)
    if swept:
        await expire(database)

    with pytest.raises(RemoteError) as uncommitted:
        await orders.commit(order_id)
    with pytest.raises(RemoteError) as unrepeated:
        await orders.reserve(order_id, **{pot["id"]: 2})
    with pytest.raises(RemoteError) as untaken:
        await orders.take(order_id, **{pot["id"]: 2})

    refusals = {refusal(one.value) for one in (uncommitted, unrepeated, untaken)}
    assert refusals == {(409, "reservation_closed")}


async def test_expiry_gives_the_units_back_once(
    unswept: None, orders: Orders, make_product: MakeProduct, database: Postgres
) -> None:
    """The sweeper expires only overdue reservations; a release after that has no effect."""
    pot = await make_product()
    await orders.reserve(overdue := new_id(), **{pot["id"]: 2})
    await orders.reserve(in_time := new_id(), **{pot["id"]: 1})
    await let_time_pass(database, overdue)

    swept = [await expire(database) for _ in range(2)]

    assert swept == [1, 0]
    assert await stock_of(database, pot["id"]) == 4
    assert (await orders.release(overdue))["state"] == "expired"
    assert (await orders.read(in_time))["state"] == "reserved"
    assert await stock_of(database, pot["id"]) == 4


async def test_expiry_goes_in_batches(
    unswept: None, orders: Orders, make_product: MakeProduct, database: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One call expires at most a batch, and returns how many."""
    monkeypatch.setattr(expiry, "BATCH", 2)
    pot = await make_product()
    for order_id in [new_id() for _ in range(3)]:
        await orders.reserve(order_id, **{pot["id"]: 1})
        await let_time_pass(database, order_id)

    assert [await expire(database) for _ in range(3)] == [2, 1, 0]
    assert await stock_of(database, pot["id"]) == 5


def expire_only_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the running service from expiring by itself: of two rounds at once, each skips what the other has locked."""
    ours = asyncio.current_task()

    async def is_ours_overdue(store: Postgres) -> bool:
        return asyncio.current_task() is ours and await expiry.is_any_overdue(store)

    monkeypatch.setattr(for_orders, "is_any_overdue", is_ours_overdue)


async def test_a_round_expires_all_that_is_overdue(
    orders: Orders, make_product: MakeProduct, database: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A round runs batch after batch, as long as they are full."""
    expire_only_here(monkeypatch)
    pot = await make_product()
    for order_id in [new_id() for _ in range(3)]:
        await orders.reserve(order_id, **{pot["id"]: 1})
        await let_time_pass(database, order_id)
    for module in (for_orders, expiry):
        monkeypatch.setattr(module, "BATCH", 1)

    await _expire_reservations(database)

    assert await stock_of(database, pot["id"]) == 5


async def test_a_deleted_product_cannot_be_reserved(
    orders: Orders, make_product: MakeProduct, people: People, bearer: Bearer, database: Postgres
) -> None:
    """A deleted product is unknown to new orders; its reserved units can still be released."""
    pot = await make_product()
    await orders.reserve(earlier := new_id(), **{pot["id"]: 2})
    await people["product"].delete(f"/api/v1/products/{pot['id']}", headers=bearer(role="admin"))

    with pytest.raises(RemoteError) as refused:
        await orders.reserve(new_id(), **{pot["id"]: 9})

    assert refusal(refused.value) == (409, "product_not_found")
    assert (await orders.release(earlier))["state"] == "released"
    assert await stock_of(database, pot["id"]) == 5


@pytest.mark.parametrize("what", ["commit", "read"])
async def test_an_unknown_reservation_is_told(orders: Orders, what: str) -> None:
    """An unknown reservation can be neither committed nor read."""
    with pytest.raises(RemoteError) as refused:
        await getattr(orders, what)(new_id())

    assert refusal(refused.value) == (404, "reservation_not_found")


@pytest.fixture
def nothing_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    """The service's own work, which runs every second, finds no overdue reservation."""

    async def find_none(_store: Postgres) -> bool:
        return False

    monkeypatch.setattr("product.for_orders.is_any_overdue", find_none)


async def test_closed_reservations_go_after_30_days(
    orders: Orders, make_product: MakeProduct, database: Postgres, nothing_expires: None
) -> None:
    """Closed reservations go with their lines; recent ones, open ones of any age and the ledger stay."""
    pot = await make_product(stock=100)
    made: dict[str, UUID] = {}
    for name in ("reserved", "committed", "fulfilled", "released", "expired", "young"):
        await orders.reserve(made.setdefault(name, new_id()), **{pot["id"]: 2})
    await orders.release(made.setdefault("tombstone", new_id()))
    async with database.transaction() as session:
        for name, order_id in made.items():
            state = {"young": "fulfilled", "tombstone": "released"}.get(name, name)
            age = KEEP_RESERVATIONS + (timedelta(hours=-1) if name == "young" else timedelta(hours=1))
            change = update(Reservation).where(Reservation.order_id == order_id)
            await session.execute(change.values(state=state, expires_at=func.now() - age))
        before = list(await session.scalars(select(StockMovement.id).order_by(StockMovement.id)))
        product = (await session.execute(select(Product.__table__))).one()

    await database.purge_expired()

    kept = sorted(made[name] for name in ("reserved", "committed", "young"))
    async with database.transaction() as session:
        assert list(await session.scalars(select(Reservation.order_id).order_by(Reservation.order_id))) == kept
        assert list(await session.scalars(select(ReservationLine.order_id).order_by(ReservationLine.order_id))) == kept
        assert list(await session.scalars(select(StockMovement.id).order_by(StockMovement.id))) == before
        assert (await session.execute(select(Product.__table__))).one() == product
