import asyncio
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, update
from sqlalchemy.exc import IntegrityError

from chassis.core.types import new_id
from chassis.postgres.database import Postgres
from product.models import MAX_STOCK, Base, Product, StockMovement
from product.services.fulfil_reservation import fulfil_reservation
from tests.product.aliases import MakeProduct
from tests.product.orders import Orders, stock_of
from tests.support.aliases import Bearer, MakeUser, People
from tests.support.databases import bystanders

NOTHING = str(UUID(int=0))


def stock_address(product: str) -> str:
    """Return the address at which the stock of a product is adjusted."""
    return f"/api/v1/products/{product}/stock"


async def test_an_adjustment_changes_the_stock(
    people: People, bearer: Bearer, make_product: MakeProduct, database: Postgres
) -> None:
    """Units are added and removed with a reason; the answer is the product, whose other fields are unchanged."""
    pot, admin = await make_product(), bearer(role="admin")

    for change in (4, -9):
        answer = await people["product"].post(
            stock_address(pot["id"]), json={"change": change, "reason": "Counted."}, headers=admin
        )

    assert (answer.status_code, answer.json()) == (200, pot | {"stock": 0})
    assert await stock_of(database, pot["id"]) == 0


async def test_a_stock_cannot_become_negative(
    people: People, bearer: Bearer, make_product: MakeProduct, database: Postgres
) -> None:
    """No more units than are left can be removed."""
    pot = await make_product()

    answer = await people["product"].post(
        stock_address(pot["id"]), json={"change": -6, "reason": "Counted."}, headers=bearer(role="admin")
    )

    assert (answer.status_code, answer.json()["code"]) == (409, "insufficient_stock")
    assert await stock_of(database, pot["id"]) == 5


async def test_adjustments_at_once_all_count(
    people: People, bearer: Bearer, make_product: MakeProduct, database: Postgres
) -> None:
    """Of twelve concurrent removals of one unit out of 5, five succeed."""
    pot, admin = await make_product(), bearer(role="admin")
    one_less = {"change": -1, "reason": "Broken."}

    answers = await asyncio.gather(
        *(people["product"].post(stock_address(pot["id"]), json=one_less, headers=admin) for _ in range(12))
    )

    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [409] * 7
    assert await stock_of(database, pot["id"]) == 0


async def test_the_ledger_tells_every_movement(
    people: People, bearer: Bearer, make_user: MakeUser, make_product: MakeProduct, orders: Orders
) -> None:
    """The ledger is listed newest first: change, reason, order and person."""
    pot, ada = await make_product(), await make_user(role="admin")
    admin, order_id = bearer(ada), new_id()
    await people["product"].post(stock_address(pot["id"]), json={"change": -1, "reason": "Broken."}, headers=admin)
    await people["product"].patch(f"/api/v1/products/{pot['id']}", json={"stock": 7, "price": 1}, headers=admin)
    await orders.reserve(order_id, **{pot["id"]: 2})

    page = (await people["product"].get(f"{stock_address(pot['id'])}/movements", headers=admin)).json()

    told = [(one["kind"], one["quantity"], one["reason"], one["order_id"]) for one in page["items"]]
    assert told == [
        ("reservation", -2, None, str(order_id)),
        ("adjustment", 3, "set by an admin", None),
        ("adjustment", -1, "Broken.", None),
        ("initial", 5, None, None),
    ]
    assert [one["actor"] for one in page["items"][:3]] == [None, str(ada.id), str(ada.id)]


async def test_the_ledger_has_pages(people: People, bearer: Bearer, make_product: MakeProduct) -> None:
    """A long ledger is read page by page."""
    pot, admin = await make_product(), bearer(role="admin")
    for _ in range(4):
        await people["product"].post(stock_address(pot["id"]), json={"change": 1, "reason": "Made."}, headers=admin)
    seen, address = [], f"{stock_address(pot['id'])}/movements?limit=2"
    while address:
        page = await people["product"].get(address, headers=admin)
        seen += [one["quantity"] for one in page.json()["items"]]
        address = page.links["next"]["url"] if "next" in page.links else ""

    assert seen == [1, 1, 1, 1, 5]


async def test_setting_the_stock_as_it_is_moves_nothing(
    people: People, bearer: Bearer, make_product: MakeProduct
) -> None:
    """Setting the stock to its present value adds no line to the ledger."""
    pot, admin = await make_product(), bearer(role="admin")

    answer = await people["product"].patch(f"/api/v1/products/{pot['id']}", json={"stock": 5}, headers=admin)

    ledger = await people["product"].get(f"{stock_address(pot['id'])}/movements", headers=admin)
    assert answer.json()["stock"] == 5
    assert len(ledger.json()["items"]) == 1


async def test_setting_the_stock_while_it_sells_loses_no_unit(
    people: People, bearer: Bearer, make_product: MakeProduct, orders: Orders, database: Postgres
) -> None:
    """With concurrent updates and reservations the stock stays the sum of its movements."""
    pot, admin = await make_product(stock=50), bearer(role="admin")

    await asyncio.gather(
        *(orders.reserve(new_id(), **{pot["id"]: 1}) for _ in range(10)),
        *(
            people["product"].patch(f"/api/v1/products/{pot['id']}", json={"stock": 50 + number}, headers=admin)
            for number in range(10)
        ),
    )

    assert 40 <= await stock_of(database, pot["id"]) <= 59


async def test_a_product_without_stock_has_an_empty_ledger(
    people: People, bearer: Bearer, make_product: MakeProduct
) -> None:
    """A product created without stock has no movement."""
    pot = await make_product(stock=0)

    ledger = await people["product"].get(f"{stock_address(pot['id'])}/movements", headers=bearer(role="admin"))

    assert ledger.json() == {"items": [], "next_cursor": None}


@pytest.mark.parametrize(("role", "status"), [("user", 403), (None, 401)])
async def test_the_stock_is_for_admins(people: People, bearer: Bearer, role: str | None, status: int) -> None:
    """Only an admin adjusts the stock or reads its ledger."""
    headers = bearer(role=role) if role else {}
    adjustment = {"change": 1, "reason": "Made."}

    answers = [
        await people["product"].post(stock_address(NOTHING), json=adjustment, headers=headers),
        await people["product"].get(f"{stock_address(NOTHING)}/movements", headers=headers),
    ]

    assert [answer.status_code for answer in answers] == [status] * 2


@pytest.mark.parametrize("deleted", [False, True])
async def test_what_is_not_in_the_catalogue_has_no_stock(
    people: People, bearer: Bearer, make_product: MakeProduct, *, deleted: bool
) -> None:
    """The stock of an unknown or deleted product can be neither adjusted nor read."""
    product, admin = (await make_product())["id"] if deleted else NOTHING, bearer(role="admin")
    await people["product"].delete(f"/api/v1/products/{product}", headers=admin)
    adjustment = {"change": 1, "reason": "Made."}

    answers = [
        await people["product"].post(stock_address(product), json=adjustment, headers=admin),
        await people["product"].get(f"{stock_address(product)}/movements", headers=admin),
    ]

    assert [answer.json()["code"] for answer in answers] == ["product_not_found"] * 2


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"change": 0}, "/change"),
        ({"change": True}, "/change"),
        ({"change": 1.0}, "/change"),
        ({"change": 1_000_000_001}, "/change"),
        ({"change": -1_000_000_001}, "/change"),
        ({"reason": " "}, "/reason"),
        ({"reason": "x" * 201}, "/reason"),
        ({"stock": 1}, "/stock"),
    ],
    ids=["zero", "true", "fraction", "too many", "too few", "blank", "long", "unknown"],
)
async def test_adjustments_are_checked(people: People, bearer: Bearer, change: dict[str, Any], pointer: str) -> None:
    """The problem points to the invalid field."""
    answer = await people["product"].post(
        stock_address(NOTHING), json={"change": 1, "reason": "Made."} | change, headers=bearer(role="admin")
    )

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_the_database_refuses_a_negative_stock(make_product: MakeProduct, database: Postgres) -> None:
    """An update that omits the condition fails on the constraint."""
    await make_product()

    with pytest.raises(IntegrityError, match="ck_products_stock_not_negative"):
        async with database.transaction() as session:
            await session.execute(update(Product).values(stock=Product.stock - 6))


async def test_the_database_refuses_a_stock_beyond_the_bound(make_product: MakeProduct, database: Postgres) -> None:
    """Units held by orders count towards the bound."""
    await make_product(stock=MAX_STOCK - 2)

    with pytest.raises(IntegrityError, match="ck_products_stock_within_bound"):
        async with database.transaction() as session:
            await session.execute(update(Product).values(stock=Product.stock + 1, held=2))


async def test_what_orders_give_back_is_never_beyond_the_bound(
    people: People, bearer: Bearer, make_product: MakeProduct, orders: Orders, database: Postgres
) -> None:
    """A full stock cannot be refilled while an order holds units of it, neither by a change nor by setting it."""
    pot, admin = await make_product(stock=MAX_STOCK), bearer(role="admin")
    await orders.reserve(order_id := new_id(), **{pot["id"]: 2})

    async with bystanders(database, Base.metadata):
        added = await people["product"].post(
            stock_address(pot["id"]), json={"change": 1, "reason": "Found."}, headers=admin
        )
        was_set = await people["product"].patch(
            f"/api/v1/products/{pot['id']}", json={"stock": MAX_STOCK}, headers=admin
        )
    assert {(one.status_code, one.json()["code"]) for one in (added, was_set)} == {(409, "stock_too_large")}

    await orders.release(order_id)
    assert await stock_of(database, pot["id"]) == MAX_STOCK


async def test_what_was_fulfilled_makes_room(
    people: People, bearer: Bearer, make_product: MakeProduct, orders: Orders, database: Postgres
) -> None:
    """Shipped units are no longer held: as many may be added, and not one more."""
    pot, cup, admin = await make_product(stock=MAX_STOCK), await make_product(name="Cup"), bearer(role="admin")
    await orders.reserve(order_id := new_id(), **{pot["id"]: 2, cup["id"]: 1})
    await orders.commit(order_id)
    for _ in range(2):  # the second has no further effect
        async with database.transaction() as session:
            await fulfil_reservation(session, order_id)

    answers = [
        await people["product"].post(
            stock_address(pot["id"]), json={"change": change, "reason": "Made."}, headers=admin
        )
        for change in (3, 2, 1)
    ]

    assert [answer.status_code for answer in answers] == [409, 200, 409]
    assert await stock_of(database, pot["id"]) == MAX_STOCK
    assert await stock_of(database, cup["id"]) == 4


async def test_the_database_refuses_to_give_back_twice(
    make_product: MakeProduct, orders: Orders, database: Postgres
) -> None:
    """A second return of the same product of an order is refused by the ledger's constraint."""
    pot = await make_product()
    await orders.reserve(order_id := new_id(), **{pot["id"]: 1})
    await orders.release(order_id)
    again = {"product_id": UUID(pot["id"]), "quantity": 1, "kind": "expiry", "order_id": order_id}

    with pytest.raises(IntegrityError, match="uq_stock_movements_order_id_product_id_direction"):
        async with database.transaction() as session:
            await session.execute(insert(StockMovement).values(again))
