from typing import Any

import pytest

from chassis.core.types import new_id
from tests.gateway.asking import Asking
from tests.support.aliases import People

PRODUCTS = "/api/v1/products"
ADD = """mutation ($new: ProductInput!, $key: String) {
    createProduct(productInput: $new, idempotencyKey: $key) { id name price stock currency } }"""


async def add(ask: Asking, root: dict[str, str], **new: object) -> Any:  # noqa: ANN401 - a product in JSON
    """Add a product; returns it."""
    reply = await ask(ADD, root, new={"name": "Teapot", "price": 199.99, "stock": 5, **new})
    assert reply.errors == []
    return reply.data["createProduct"]


async def test_money_is_the_number_that_was_sent(ask: Asking, root: dict[str, str], people: People) -> None:
    """As a variable or in the document, whole or with decimals; REST has the same."""
    by_variable = await add(ask, root, price=0.29)
    document = 'mutation { createProduct(productInput: {name: "Cup", price: 1234567890.12}) { id price stock } }'
    in_document = (await ask(document, root)).data["createProduct"]
    whole = await add(ask, root, price=20)

    assert [by_variable["price"], in_document["price"], whole["price"]] == [0.29, 1234567890.12, 20.0]
    for product in (by_variable, in_document, whole):
        assert (await people["product"].get(f"{PRODUCTS}/{product['id']}")).json()["price"] == product["price"]


@pytest.mark.parametrize("price", ["1.50", True, None])
async def test_what_is_no_number_is_no_money(ask: Asking, root: dict[str, str], price: object) -> None:
    """Text and booleans are refused before any call."""
    reply = await ask(ADD, root, new={"name": "Teapot", "price": price})

    assert reply.data is None
    assert ask.dispatcher.calls == []


@pytest.mark.parametrize("price", [-1, 1.999, 10_000_000_000.01])
async def test_a_price_that_cannot_be_is_refused(ask: Asking, root: dict[str, str], price: float) -> None:
    """The error points to it."""
    reply = await ask(ADD, root, new={"name": "Teapot", "price": price})

    assert reply.code == "invalid_request"
    assert [one["pointer"] for one in reply.errors[0]["extensions"]["errors"]] == ["/price"]


async def test_a_repeated_request_has_its_effect_once(ask: Asking, root: dict[str, str]) -> None:
    """With the same key; another product stays as it is."""
    bystander, key = await add(ask, root, name="Cup"), str(new_id())
    made = [(await ask(ADD, root, new={"name": "Teapot", "price": 1}, key=key)).data for _ in range(2)]
    product_id = made[0]["createProduct"]["id"]
    adjust = """mutation ($id: UUID!, $key: String) {
        adjustStock(id: $id, change: 3, reason: "Found.", idempotencyKey: $key) { stock } }"""
    adjusted = [(await ask(adjust, root, id=product_id, key=key)).data["adjustStock"] for _ in range(2)]

    assert made[0] == made[1]
    assert adjusted == [{"stock": 3}] * 2
    page = (await ask("{ products { edges { node { id stock } } } }")).data["products"]["edges"]
    assert [edge["node"] for edge in page] == [
        {"id": product_id, "stock": 3},
        {"id": bystander["id"], "stock": 5},
    ]


async def test_the_catalogue_is_searched_and_sorted(ask: Asking, root: dict[str, str]) -> None:
    """With the filters of REST."""
    cup = await add(ask, root, name="Cup", price=3, stock=0)
    teapot = await add(ask, root, name="Teapot", price=20)
    document = """query ($ids: [UUID!]) {
        dearest: products(sort: DEAREST) { ...names } tea: products(search: "tea") { ...names }
        cheap: products(maxPrice: 3.00) { ...names } sold: products(inStock: false) { ...names }
        named: products(ids: $ids) { ...names } }
        fragment names on ProductConnection { edges { node { name } } }"""

    reply = await ask(document, ids=[cup["id"], teapot["id"]])

    found = {alias: [edge["node"]["name"] for edge in page["edges"]] for alias, page in reply.data.items()}
    assert found == {
        "dearest": ["Teapot", "Cup"],
        "tea": ["Teapot"],
        "cheap": ["Cup"],
        "sold": ["Cup"],
        "named": ["Cup", "Teapot"],
    }


@pytest.mark.parametrize("key", ["", "x" * 300, "two\nlines", "日本"])
async def test_a_key_that_cannot_be_is_refused(ask: Asking, root: dict[str, str], key: str) -> None:
    """As by REST; nothing is added."""
    reply = await ask(ADD, root, new={"name": "Teapot", "price": 1}, key=key)

    assert reply.status in {400, 422}
    assert (await ask("{ products { edges { cursor } } }")).data["products"]["edges"] == []
