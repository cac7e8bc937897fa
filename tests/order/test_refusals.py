from typing import Any

import pytest

from chassis.core.types import new_id
from order.models import Base
from tests.order.shop import STOCK, Shop
from tests.support.aliases import Bearer
from tests.support.consistency import broken_rules
from tests.support.databases import bystanders

MOST = 10_000_000_000
"""The highest price, which is the highest total too."""
REFUSALS: dict[str, dict[str, object]] = {
    "product_not_found": {"product_id": str(new_id()), "quantity": 1},
    "insufficient_stock": {"quantity": STOCK + 1},
}


@pytest.mark.parametrize("code", REFUSALS)
async def test_a_refused_order_is_rejected_with_its_cause(
    shop: Shop, teapot: str, environment: dict[str, str], code: str
) -> None:
    """The answer, the order and its history have the cause of the refusal; no stock of any product is taken."""
    other = await shop.product()
    wanted = {"product_id": teapot, "quantity": 1} | REFUSALS[code]

    answer = await shop.send({"items": [{"product_id": other, "quantity": 1}, wanted]})

    order = await shop.only_order()
    assert (answer.status_code, answer.json()["code"]) == (409, code)
    assert (order["status"], order["cause"], order["total_price"]) == ("rejected", code, None)
    assert await shop.history(order["id"]) == [("pending", "placed"), ("rejected", code)]
    assert [await shop.stock_of(product) for product in (teapot, other)] == [STOCK, STOCK]
    assert await broken_rules(environment) == {}


@pytest.mark.parametrize("code", REFUSALS)
async def test_a_refusal_is_told_again(shop: Shop, teapot: str, code: str) -> None:
    """The same key is refused the same way, though the stock would be enough by now; there is still one order."""
    wanted = {"product_id": teapot, "quantity": 1} | REFUSALS[code]
    key = str(new_id())

    first = (await shop.send(wanted, key=key)).json()
    await shop.people["product"].patch(f"/api/v1/products/{teapot}", json={"stock": 100}, headers=shop.admin)
    again = (await shop.send(wanted, key=key)).json()

    assert again | {"request_id": ""} == first | {"request_id": ""}
    assert (await shop.only_order())["status"] == "rejected"


@pytest.mark.parametrize("code", REFUSALS)
async def test_a_refusal_names_every_item_that_cannot_be_had(shop: Shop, teapot: str, code: str) -> None:
    """Of four items two are at fault: the problem points to these, also when replayed, and the lines name them."""
    cups = [await shop.product(name="Cup", stock=STOCK + 1) for _ in range(2)]
    other = (await shop.place(teapot))["id"]
    faults = [{"product_id": await shop.product(), "quantity": 1} | REFUSALS[code] for _ in range(2)]
    faults[1] |= {} if code == "insufficient_stock" else {"product_id": str(new_id())}
    good = [{"product_id": cup, "quantity": STOCK + 1} for cup in cups]
    items, key = [good[0], faults[0], good[1], faults[1]], str(new_id())

    async with bystanders(shop.app.state.application.store, Base.metadata) as involved:
        answers = [await shop.send({"items": items}, key=key) for _ in range(2)]
        (order,) = [one for one in await shop.orders() if one["id"] != other]
        involved.add(order["id"])

    for answer in answers:
        named = [(error["pointer"], error["code"]) for error in answer.json()["errors"]]
        assert (answer.status_code, answer.json()["code"]) == (409, code)
        assert named == [("/items/1/product_id", code), ("/items/3/product_id", code)]
        details = [error["detail"] for error in answer.json()["errors"]]
        assert all(str(fault["product_id"]) in detail for fault, detail in zip(faults, details, strict=True))
    assert [line["refusal"] for line in order["items"]] == [None, code, None, code]


async def test_a_refusal_says_how_many_are_left(shop: Shop, teapot: str) -> None:
    """The problem has the stock of each product that is short; the detail and the items agree."""
    cup = await shop.product(name="Cup", stock=0)
    items = [{"product_id": teapot, "quantity": STOCK + 1}, {"product_id": cup, "quantity": 2}]

    problem = (await shop.send({"items": items})).json()

    details = [
        f"Not enough stock for product {teapot}: {STOCK} left, {STOCK + 1} wanted.",
        f"Not enough stock for product {cup}: 0 left, 2 wanted.",
    ]
    assert [error["detail"] for error in problem["errors"]] == details
    assert problem["detail"] == " ".join(details)


async def test_a_refusal_of_the_short_form_points_to_its_product(shop: Shop) -> None:
    """The short form has no items to point to."""
    answer = await shop.send({"product_id": str(new_id()), "quantity": 1})

    assert [error["pointer"] for error in answer.json()["errors"]] == ["/product_id"]


async def test_a_total_that_no_amount_can_say_is_refused(shop: Shop, environment: dict[str, str]) -> None:
    """An order whose total is too large is rejected, and its units return to the stock."""
    gold = await shop.product(price=MOST)

    answer = await shop.send({"product_id": gold, "quantity": 2})

    assert (answer.status_code, answer.json()["code"]) == (409, "total_too_large")
    assert (await shop.only_order())["status"] == "rejected"
    assert await shop.has_stock(gold, STOCK)
    assert await broken_rules(environment) == {}


async def test_the_largest_total_is_taken(shop: Shop) -> None:
    """The largest total is stored and read to the cent."""
    gold = await shop.product(price=MOST)

    order = await shop.place(gold)

    assert (order["status"], order["total_price"]) == ("confirmed", MOST)
    assert await shop.read(order["id"]) == order


async def test_a_rejected_order_leaves_the_stock_to_others(shop: Shop, teapot: str, bearer: Bearer) -> None:
    """All of the stock can still be ordered."""
    await shop.place(teapot, STOCK + 1)

    order: dict[str, Any] = await shop.place(teapot, STOCK, bearer())

    assert order["status"] == "confirmed"
