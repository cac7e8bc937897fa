from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI

from chassis.core.types import new_id
from chassis.dispatch.call import Call
from gateway.calls import LIST_ORDERS, LIST_OWN_ORDERS, LIST_PRODUCTS, LIST_USERS, READ_PROFILE
from gateway.reads.loaders import CHUNK
from order.models import Order, OrderLine
from product.models import Product
from tests.gateway.asking import Asking, CountingDispatcher
from tests.gateway.conftest import Without
from tests.support.aliases import Bearer, MakeUser, People
from user.models import User

PAGE = """query ($all: Boolean!) { orders(first: 50, all: $all) {
    edges { node { id totalPrice lines { name quantity unitPrice product { name price } } user { name } } } } }"""
LINES = 50


async def place_many(apps: dict[str, FastAPI], owners: list[User], lines: int = 3) -> list[UUID]:
    """Store 50 confirmed orders, each of products of its own; returns the ids of all products."""
    products = [new_id() for _ in range(50 * lines)]
    async with apps["product"].state.application.store.transaction() as session:
        session.add_all(Product(id=one, name=f"p{one}", price_minor=199, currency="EUR", stock=5) for one in products)
    async with apps["order"].state.application.store.transaction() as session:
        for number in range(50):
            owner = owners[number % len(owners)]
            ordered = [
                OrderLine(position=at, product_id=one, quantity=1, name=f"p{one}", unit_price_minor=199)
                for at, one in enumerate(products[number * lines : (number + 1) * lines])
            ]
            session.add(
                Order(user_id=owner.id, status="fulfilled", total_price_minor=597, currency="EUR", lines=ordered)
            )
    return products


async def test_a_page_of_fifty_orders_is_a_few_calls(
    ask: Asking, apps: dict[str, FastAPI], make_user: MakeUser, bearer: Bearer
) -> None:
    """The list, its 150 products in two calls, and the person: a person reads the own account only."""
    ada = await make_user("ada")
    await place_many(apps, [ada])

    document = PAGE.replace("user { name }", "")
    reply = await ask(document, bearer(ada), all=False)

    assert reply.errors == []
    nodes = [edge["node"] for edge in reply.data["orders"]["edges"]]
    assert len(nodes) == 50
    assert all(line["product"] == {"name": line["name"], "price": 1.99} for node in nodes for line in node["lines"])
    assert ask.dispatcher.calls == [LIST_OWN_ORDERS, LIST_PRODUCTS, LIST_PRODUCTS]


async def test_a_page_of_many_peoples_orders_is_a_few_calls(
    ask: Asking, apps: dict[str, FastAPI], root: dict[str, str], make_user: MakeUser
) -> None:
    """For an admin: the list, its products in two calls, and all people in one."""
    people = [await make_user(name) for name in ("ada", "bob", "cid")]
    await place_many(apps, people)

    reply = await ask(PAGE, root, all=True)

    assert reply.errors == []
    names = [edge["node"]["user"]["name"] for edge in reply.data["orders"]["edges"]]
    assert {name: names.count(name) for name in names} == {"ada": 17, "bob": 17, "cid": 16}
    first, *others = ask.dispatcher.calls
    assert (first, sorted(map(str, others))) == (LIST_ORDERS, sorted(map(str, [LIST_PRODUCTS] * 2 + [LIST_USERS])))


async def test_a_person_reads_who_placed_the_own_orders(
    ask: Asking, apps: dict[str, FastAPI], make_user: MakeUser, bearer: Bearer
) -> None:
    """Other accounts are for admins, so the own one is read instead; once for all orders."""
    ada = await make_user("ada")
    await place_many(apps, [ada], lines=1)

    reply = await ask(PAGE, bearer(ada), all=False)

    assert reply.errors == []
    assert {edge["node"]["user"]["name"] for edge in reply.data["orders"]["edges"]} == {"ada"}
    assert ask.dispatcher.calls.count(LIST_USERS) == ask.dispatcher.calls.count(READ_PROFILE) == 1


@pytest.mark.parametrize(
    ("fields", "others"),
    [
        ("id lines { quantity }", []),
        ("lines { product @include(if: false) { id } quantity }", []),
        ("...Lines @skip(if: true) id", []),
        ("...Lines @skip(if: false)", [LIST_PRODUCTS]),
        ("...Lines", [LIST_PRODUCTS]),
        ("... on Order { lines { bought: product { id } } }", [LIST_PRODUCTS]),
        ("user { id }", [LIST_USERS, READ_PROFILE]),
    ],
)
async def test_a_page_is_read_with_what_is_asked_for(
    ask: Asking,
    apps: dict[str, FastAPI],
    make_user: MakeUser,
    bearer: Bearer,
    fields: str,
    others: list[Call[Any, Any]],
) -> None:
    """Also in fragments and by other names; what is not asked for is not called."""
    ada = await make_user("ada")
    await place_many(apps, [ada], lines=1)
    fragment = "fragment Lines on Order { lines { product { name } } }" if "...Lines" in fields else ""

    reply = await ask(f"{{ orders(first: 50) {{ edges {{ node {{ {fields} }} }} }} }} {fragment}", bearer(ada))

    assert reply.errors == []
    assert ask.dispatcher.calls == [LIST_OWN_ORDERS, *others]


async def test_a_chunk_of_ids_fits_into_a_sealed_request(
    ask: Asking, apps: dict[str, FastAPI], make_user: MakeUser, bearer: Bearer
) -> None:
    """With the token of a person with the longest address; 80 products are one call."""
    ada = await make_user("ada", role="analyst")
    products = [str(one) for one in await place_many(apps, [ada], lines=2)]
    document = "query ($ids: [UUID!]) { products(ids: $ids) { edges { node { id } } } }"

    reply = await ask(document, bearer(ada), ids=products[:CHUNK])

    assert [edge["node"]["id"] for edge in reply.data["products"]["edges"]] == products[:CHUNK]


async def test_the_line_of_a_deleted_product_keeps_its_name(
    ask: Asking, apps: dict[str, FastAPI], make_user: MakeUser, bearer: Bearer, people: People
) -> None:
    """Its product is null, without an error; other lines have theirs."""
    ada = await make_user("ada")
    gone, *_ = await place_many(apps, [ada], lines=2)
    await people["product"].delete(f"/api/v1/products/{gone}", headers=bearer(role="admin"))

    reply = await ask(PAGE, bearer(ada), all=False)

    assert reply.errors == []
    lines = [line for edge in reply.data["orders"]["edges"] for line in edge["node"]["lines"]]
    assert [line["name"] for line in lines if line["product"] is None] == [f"p{gone}"]


async def test_without_product_the_orders_are_there(
    without: Without, apps: dict[str, FastAPI], make_user: MakeUser, bearer: Bearer
) -> None:
    """Each product is null with an error that names the service; everything else is answered."""
    ada = await make_user("ada")
    await place_many(apps, [ada], lines=1)
    ask = Asking(CountingDispatcher(await without("product")))

    reply = await ask(PAGE, bearer(ada), all=False)

    nodes = [edge["node"] for edge in reply.data["orders"]["edges"]]
    assert [line["product"] for node in nodes for line in node["lines"]] == [None] * 50
    assert all(node["lines"][0]["name"] and node["user"]["name"] == "ada" for node in nodes)
    assert {error["extensions"]["service"] for error in reply.errors} == {"product"}
    assert {tuple(error["path"][-3:]) for error in reply.errors} == {("lines", 0, "product")}


PLACE = """mutation ($items: [OrderItemInput!]!, $key: String) { placeOrder(items: $items, idempotencyKey: $key) {
    id status totalPrice lines { quantity refusal } } }"""


async def add_product(people: People, bearer: Bearer, stock: int = 5) -> str:
    """Add a product of 199.99; returns its id."""
    new = {"name": "Teapot", "price": 199.99, "stock": stock}
    answer = await people["product"].post("/api/v1/products", json=new, headers=bearer(role="admin"))
    return str(answer.json()["id"])


async def stock_of(people: People, product_id: str) -> int:
    """Return the stock of a product."""
    return int((await people["product"].get(f"/api/v1/products/{product_id}")).json()["stock"])


async def test_an_order_is_placed_once_then_cancelled_or_fulfilled(
    ask: Asking, make_user: MakeUser, bearer: Bearer, people: People, root: dict[str, str]
) -> None:
    """A repetition with the key has the first answer; each order changes alone."""
    ada, teapot, key = bearer(await make_user("ada")), await add_product(people, bearer), str(new_id())
    items = [{"productId": teapot, "quantity": 2}]

    placed, again = (await ask(PLACE, ada, items=items, key=key), await ask(PLACE, ada, items=items, key=key))
    other = await ask(PLACE, ada, items=items)
    first, second = (reply.data["placeOrder"] for reply in (placed, other))
    cancel = "mutation ($id: UUID!) { cancelOrder(id: $id) { status } }"
    cancelled = await ask(cancel, ada, id=first["id"])
    fulfilled = await ask("mutation ($id: UUID!) { fulfilOrder(id: $id) { status } }", root, id=second["id"])

    assert (first, placed.errors) == (again.data["placeOrder"], [])
    assert (first["status"], first["totalPrice"]) == ("CONFIRMED", 399.98)
    assert first["lines"] == [{"quantity": 2, "refusal": None}]
    assert (cancelled.data["cancelOrder"], fulfilled.data["fulfilOrder"]) == (
        {"status": "CANCELLED"},
        {"status": "FULFILLED"},
    )
    page = (await ask("{ orders { edges { node { id status } } } }", ada)).data["orders"]["edges"]
    assert [edge["node"] for edge in page] == [
        {"id": second["id"], "status": "FULFILLED"},
        {"id": first["id"], "status": "CANCELLED"},
    ]


@pytest.mark.parametrize(
    ("items", "code", "pointer"),
    [
        ([], "invalid_request", "/items"),
        ([{"quantity": 0}], "invalid_request", "/items/0/quantity"),
        ([{"quantity": 1}, {"quantity": 2}], "invalid_request", ""),
        ([{"quantity": 6}], "insufficient_stock", "/items/0/product_id"),
    ],
)
async def test_an_order_that_cannot_be_is_refused(  # noqa: PLR0913, PLR0917 - fixtures, and the parts of a case
    ask: Asking,
    make_user: MakeUser,
    bearer: Bearer,
    people: People,
    items: list[dict[str, Any]],
    code: str,
    pointer: str,
) -> None:
    """The error names the item, and the stock stays."""
    ada, teapot = bearer(await make_user("ada")), await add_product(people, bearer)

    reply = await ask(PLACE, ada, items=[{"productId": teapot, **item} for item in items])

    assert reply.code == code
    assert [one["pointer"] for one in reply.errors[0]["extensions"]["errors"]] == [pointer]
    assert await stock_of(people, teapot) == 5


async def test_lists_of_orders_are_filtered(
    ask: Asking, apps: dict[str, FastAPI], make_user: MakeUser, bearer: Bearer, root: dict[str, str]
) -> None:
    """By status, by ids, and for admins by person."""
    ada, bob = await make_user("ada"), await make_user("bob")
    await place_many(apps, [ada, bob], lines=1)
    every = (await ask("{ orders(first: 100) { edges { node { id } } } }", bearer(ada))).data["orders"]["edges"]
    ids = [every[3]["node"]["id"], every[1]["node"]["id"]]
    document = """query ($ids: [UUID!], $bob: UUID!) {
        none: orders(status: PENDING) { ...ids } some: orders(ids: $ids) { ...ids }
        bobs: orders(userId: $bob, first: 100) { edges { node { userId } } } }
        fragment ids on OrderConnection { edges { node { id } } }"""

    own = (await ask(document, bearer(ada), ids=ids, bob=str(bob.id))).data
    bobs = (await ask(document, root, ids=ids, bob=str(bob.id))).data["bobs"]["edges"]

    assert (own["none"]["edges"], own["bobs"]) == ([], None)
    assert [edge["node"]["id"] for edge in own["some"]["edges"]] == ids
    assert [edge["node"]["userId"] for edge in bobs] == [str(bob.id)] * 25
