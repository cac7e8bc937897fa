from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr
from sqlalchemy import func, select, text, update

from chassis.core.errors import BadGateway
from chassis.core.types import new_id
from chassis.dispatch.dispatcher import Dispatcher
from chassis.dispatch.errors import RemoteError
from chassis.postgres.database import Postgres
from product.models import Product, Reservation, StockMovement
from product.schemas import ReservationCreate, ReservationItem
from product.services.commit_reservation import commit_reservation
from product.services.reserve_stock import reserve_stock
from tests.product.aliases import MakeProduct
from tests.product.orders import RESERVATIONS, Orders, refusal, stock_of
from tests.support.aliases import Bearer, People

NOTHING = str(UUID(int=0))


async def count(database: Postgres, table: type[Reservation | StockMovement]) -> int:
    """Return the number of rows of a table."""
    async with database.transaction() as session:
        return await session.scalar(select(func.count()).select_from(table)) or 0


async def test_a_reservation_takes_units_and_names_their_prices(
    orders: Orders, make_product: MakeProduct, database: Postgres
) -> None:
    """Every line has name, quantity and unit price; the units are taken from the stock."""
    pot, cup = await make_product(), await make_product(name="Cup", price=7, stock=20)

    answer = await orders.reserve(order_id := new_id(), **{cup["id"]: 6, pot["id"]: 2})

    lines = [
        {"product_id": pot["id"], "name": "Teapot", "quantity": 2, "unit_price": Decimal("199.99")},
        {"product_id": cup["id"], "name": "Cup", "quantity": 6, "unit_price": Decimal("7.0")},
    ]
    assert (answer["order_id"], answer["state"], answer["currency"]) == (str(order_id), "reserved", "EUR")
    assert answer["lines"] == lines
    assert [await stock_of(database, one["id"]) for one in (pot, cup)] == [3, 14]


@pytest.mark.parametrize("quantity", [1, 9], ids=["plenty", "scarce"])
async def test_lines_are_in_the_order_of_the_products(
    unordered: Postgres, make_product: MakeProduct, quantity: int
) -> None:
    """A reservation, its repetition and its commit sort the lines, in whatever order they are named and stored."""
    ids = [UUID((await make_product(stock=10))["id"]) for _ in range(3)]
    items = [ReservationItem(product_id=one, quantity=quantity) for one in (ids[2], ids[0], ids[1])]
    wanted = ReservationCreate(order_id=new_id(), items=items)

    answers = [await reserve_stock(unordered, wanted, 120) for _ in range(2)]
    answers.append(await commit_reservation(unordered, wanted.order_id))

    assert [[line.product_id for line in answer.lines] for answer in answers] == [ids] * 3


async def test_a_reservation_lasts_two_minutes(orders: Orders, make_product: MakeProduct) -> None:
    """A reservation lasts two minutes by default."""
    answer = await orders.reserve(new_id(), **{(await make_product())["id"]: 1})

    begins, ends = (datetime.fromisoformat(answer[name]) for name in ("created_at", "expires_at"))
    assert ends - begins == timedelta(seconds=120)


async def test_postgresql_keeps_the_plan_of_a_reservation(
    environment: dict[str, str], make_product: MakeProduct
) -> None:
    """The statement is not planned again for each order: planning takes longer than running it."""
    items = [ReservationItem(product_id=UUID((await make_product(stock=100))["id"]), quantity=1)]
    store = Postgres(SecretStr(environment["PRODUCT_DATABASE_URL"]), "product", pool_size=1)
    await store.open()
    for _ in range(10):
        await reserve_stock(store, ReservationCreate(order_id=new_id(), items=items), 120)

    kept = text("SELECT generic_plans FROM pg_prepared_statements WHERE statement LIKE '%INSERT INTO reservations%'")
    async with store.transaction() as session:
        generic_plans = await session.scalar(kept)
    await store.close()
    assert generic_plans


@pytest.mark.parametrize("then", ["reserved", "committed"])
async def test_reserving_again_gives_the_same_answer(
    orders: Orders, make_product: MakeProduct, database: Postgres, then: str
) -> None:
    """A repeated reserve returns the same lines at the first prices, and takes no more units, committed or not."""
    pot = await make_product()
    first = await orders.reserve(order_id := new_id(), **{pot["id"]: 2})
    if then == "committed":
        await orders.commit(order_id)
    async with database.transaction() as session:
        await session.execute(update(Product).values(price_minor=1))

    again = await orders.reserve(order_id, **{pot["id"]: 2})

    assert again == first | {"state": then}
    assert await stock_of(database, pot["id"]) == 3


@pytest.mark.parametrize("quantity", [1, 3])
async def test_another_reservation_for_the_same_order_is_refused(
    orders: Orders, make_product: MakeProduct, database: Postgres, quantity: int
) -> None:
    """Other quantities under the same order id are a 409."""
    pot = await make_product()
    await orders.reserve(order_id := new_id(), **{pot["id"]: 2})

    with pytest.raises(RemoteError) as refused:
        await orders.reserve(order_id, **{pot["id"]: quantity})

    assert refusal(refused.value) == (409, "reservation_differs")
    assert await stock_of(database, pot["id"]) == 3


@pytest.mark.parametrize(("wanted", "code"), [(6, "insufficient_stock"), (None, "product_not_found")])
async def test_all_is_reserved_or_nothing(
    orders: Orders, make_product: MakeProduct, database: Postgres, wanted: int | None, code: str
) -> None:
    """The one line that cannot be reserved is named, and no other line is reserved."""
    cup, pot = await make_product(name="Cup"), await make_product()
    culprit = pot["id"] if wanted else NOTHING

    with pytest.raises(RemoteError) as refused:
        await orders.reserve(order_id := new_id(), **{cup["id"]: 1, culprit: wanted or 1})

    assert refusal(refused.value) == (409, code)
    assert culprit in refused.value.problem["detail"]
    assert cup["id"] not in refused.value.problem["detail"]
    assert [error["pointer"] for error in refused.value.problem["errors"]] == ["/items/1/product_id"]
    assert [await stock_of(database, one["id"]) for one in (cup, pot)] == [5, 5]
    with pytest.raises(RemoteError) as unknown:
        await orders.read(order_id)
    assert refusal(unknown.value) == (404, "reservation_not_found")


async def test_a_refused_order_may_try_again(
    orders: Orders, make_product: MakeProduct, bearer: Bearer, people: People
) -> None:
    """Once there is enough stock, the same order id succeeds."""
    pot = await make_product(stock=1)
    with pytest.raises(RemoteError):
        await orders.reserve(order_id := new_id(), **{pot["id"]: 2})
    adjustment = {"change": 1, "reason": "Found one."}
    await people["product"].post(f"/api/v1/products/{pot['id']}/stock", json=adjustment, headers=bearer(role="admin"))

    assert (await orders.reserve(order_id, **{pot["id"]: 2}))["state"] == "reserved"


async def test_prices_of_several_currencies_have_no_total(
    orders: Orders, make_product: MakeProduct, database: Postgres
) -> None:
    """Products in different currencies cannot be reserved for one order."""
    pot, cup = await make_product(), await make_product()
    async with database.transaction() as session:
        await session.execute(update(Product).where(Product.id == UUID(cup["id"])).values(currency="CHF"))

    with pytest.raises(RemoteError) as refused:
        await orders.reserve(new_id(), **{pot["id"]: 1, cup["id"]: 1})

    assert refusal(refused.value) == (409, "mixed_currencies")


ITEM = {"product_id": NOTHING, "quantity": 1}


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"items": []}, "/items"),
        ({"items": [ITEM, ITEM]}, "/items"),
        ({"items": [{"product_id": str(UUID(int=one)), "quantity": 1} for one in range(51)]}, "/items"),
        ({"items": [ITEM | {"quantity": 0}]}, "/items/0/quantity"),
        ({"items": [ITEM | {"quantity": 1_000_001}]}, "/items/0/quantity"),
        ({"items": [ITEM | {"quantity": True}]}, "/items/0/quantity"),
        ({"items": [ITEM | {"price": 1}]}, "/items/0/price"),
        ({"order_id": "x"}, "/order_id"),
        ({"user_id": NOTHING}, "/user_id"),
    ],
    ids=["none", "twice", "51", "zero", "too many", "true", "a price", "no id", "unknown"],
)
async def test_reservations_are_checked(
    orders: Orders, database: Postgres, change: dict[str, Any], pointer: str
) -> None:
    """The problem points to the invalid field."""
    wanted = {"order_id": NOTHING, "items": [ITEM]} | change

    with pytest.raises(RemoteError) as refused:
        await orders.post("", new_id(), wanted)

    assert refused.value.remote_status == 422
    assert [error["pointer"] for error in refused.value.problem["errors"]] == [pointer]
    assert await count(database, Reservation) == 0


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", ""), ("GET", f"/{NOTHING}"), ("POST", f"/{NOTHING}/commit"), ("POST", f"/{NOTHING}/release")],
)
async def test_reservations_are_for_the_order_service_alone(
    people: People, sealed: Dispatcher, database: Postgres, method: str, path: str
) -> None:
    """A person is refused for lack of encryption; a sealed client is refused because it is not the order service."""
    plain = await people["product"].request(method, RESERVATIONS + path)
    with pytest.raises(BadGateway) as refused:
        await sealed.send("product", method, RESERVATIONS + path, timeout=2)

    assert plain.json()["code"] == "encryption_required"
    assert "unsealed 401" in refused.value.message
    assert await count(database, Reservation) == 0
