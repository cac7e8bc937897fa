from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from chassis.core.project import NAME
from chassis.core.types import new_id
from cli.dev.secrets import ensure_secrets
from tests.order.shop import ORDERS, STOCK, Shop
from tests.support.aliases import People
from user.tokens.issuer import TokenIssuer

NOTHING = str(UUID(int=0))


async def test_an_order_of_one_product_has_one_line(shop: Shop, teapot: str) -> None:
    """The short form is an order with one item."""
    answer = await shop.send({"product_id": teapot, "quantity": 3})

    order = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == f"{ORDERS}/{order['id']}"
    assert order["items"] == [
        {"product_id": teapot, "name": "Teapot", "quantity": 3, "unit_price": 199.99, "refusal": None}
    ]
    assert (order["product_id"], order["quantity"]) == (teapot, 3)
    assert (order["status"], order["cause"]) == ("confirmed", "stock_committed")
    assert await shop.stock_of(teapot) == STOCK - 3


async def test_an_order_of_several_products_keeps_their_order(shop: Shop) -> None:
    """The lines keep the order in which they were sent, not that in which the product service returns them."""
    products = [await shop.product(name=f"Cup {number}", price=number + 0.1) for number in range(3)]
    wanted = [{"product_id": product, "quantity": 2} for product in (products[2], products[0], products[1])]

    order = (await shop.send({"items": wanted})).json()

    assert [line["name"] for line in order["items"]] == ["Cup 2", "Cup 0", "Cup 1"]
    assert (order["total_price"], order["currency"]) == (6.6, "EUR")
    assert (order["product_id"], order["quantity"]) == (None, None)


@pytest.mark.parametrize(
    ("price", "quantity", "total"),
    [
        (0.1, 3, 0.3),
        (1.15, 3, 3.45),
        (199.99, 5, 999.95),
        (0, 5, 0),
        (0.29, 1, 0.29),
        (3333333333.33, 3, 9999999999.99),
    ],
)
async def test_a_total_is_exact(shop: Shop, price: float, quantity: int, total: float) -> None:
    """A total is exact to the cent, where floats would be a little off."""
    product = await shop.product(price=price)

    order = await shop.place(product, quantity)

    assert order["total_price"] == total


def one(product_id: str) -> dict[str, Any]:
    """Return one unit of a product."""
    return {"product_id": product_id, "quantity": 1}


SOMETHING = str(new_id())
MALFORMED: dict[str, object] = {
    "neither form": {},
    "both forms": {**one(SOMETHING), "items": [one(SOMETHING)]},
    "no quantity": {"product_id": SOMETHING},
    "no product": {"quantity": 1},
    "a quantity beside items": {"items": [one(SOMETHING)], "quantity": 1},
    "a product twice": {"items": [one(SOMETHING), one(SOMETHING)]},
    "no item": {"items": []},
    "51 items": {"items": [one(str(new_id())) for _ in range(51)]},
    "a price": {**one(SOMETHING), "price": 0.01},
    "a price of an item": {"items": [{**one(SOMETHING), "unit_price": 0.01}]},
    "a total": {**one(SOMETHING), "total_price": 0.01},
    "somebody else's": {**one(SOMETHING), "user_id": SOMETHING},
    "nothing of it": {"product_id": SOMETHING, "quantity": 0},
    "less than nothing": {"product_id": SOMETHING, "quantity": -1},
    "too much of it": {"product_id": SOMETHING, "quantity": 1_000_001},
    "text": {"product_id": SOMETHING, "quantity": "1"},
    "a yes": {"product_id": SOMETHING, "quantity": True},
    "a part": {"product_id": SOMETHING, "quantity": 1.5},
    "no id": one("x"),
}


async def test_what_is_no_order_is_refused(shop: Shop, people: People) -> None:
    """An invalid order is refused, and nothing is stored."""
    for what, body in MALFORMED.items():
        answer = await shop.send(body)

        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request"), what
    assert (await people["order"].get(ORDERS, headers=shop.customer)).json()["items"] == []


async def test_fifty_products_can_be_ordered_at_once(shop: Shop) -> None:
    """An order may have fifty lines."""
    products = [await shop.product(price=0.01) for _ in range(50)]

    order = (await shop.send({"items": [one(product) for product in products]})).json()

    assert (order["status"], len(order["items"]), order["total_price"]) == ("confirmed", 50, 0.5)


async def test_a_foreign_token_is_refused(shop: Shop, people: People, tmp_path: Path) -> None:
    """A token signed by another issuer's key is refused."""
    foreign_key = ensure_secrets(tmp_path / "secrets.json", [])["JWT_PRIVATE_KEY"]
    token = TokenIssuer(foreign_key, "user", NAME).issue(new_id(), new_id(), ["admin"])

    response = await people["order"].get(ORDERS, headers={"Authorization": f"Bearer {token}"})

    assert (response.status_code, response.json()["code"]) == (401, "invalid_token")
