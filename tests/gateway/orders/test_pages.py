from fastapi import FastAPI

from chassis.core.types import new_id
from tests.gateway.conftest import Without
from tests.gateway.orders.test_orders import add_product, place_many
from tests.support.aliases import Bearer, MakeUser, People
from tests.support.having import having

OVERVIEW, PAGE = "/bff/v1/overview", "/bff/v1/orders"


async def place(people: People, headers: dict[str, str], product_id: str) -> str:
    """Place an order; returns its id."""
    answer = await people["order"].post(
        "/api/v1/orders", json={"product_id": product_id, "quantity": 1}, headers=headers
    )
    return str(answer.json()["id"])


async def test_the_last_ten_orders_have_the_names_of_their_products(
    people: People, make_user: MakeUser, bearer: Bearer, apps: dict[str, FastAPI]
) -> None:
    """They are one's own, newest first."""
    ada, bob = await make_user("ada"), await make_user("bob")
    await place_many(apps, [ada, bob], lines=1)

    shown = (await people["gateway"].get(OVERVIEW, headers=bearer(ada))).json()
    listed = (await people["order"].get("/api/v1/orders?limit=10", headers=bearer(ada))).json()["items"]

    assert [order["id"] for order in shown["orders"]] == [order["id"] for order in listed]
    lines = [line for order in shown["orders"] for line in order["items"]]
    assert all(line["product"]["name"] == line["name"] for line in lines)
    assert shown["problems"] == []


async def test_without_product_the_orders_are_shown(
    people: People, make_user: MakeUser, bearer: Bearer, apps: dict[str, FastAPI], without: Without
) -> None:
    """Their products are null, with one entry in the problems; without order, the orders are."""
    ada = await make_user("ada")
    await place_many(apps, [ada], lines=1)
    shown = {}
    for service in ("product", "order"):
        with having(apps["gateway"], dispatcher=await without(service)):
            answer = await people["gateway"].get(OVERVIEW, headers=bearer(ada))
        assert answer.status_code == 200
        shown[service] = answer.json()

    assert len(shown["product"]["orders"]) == 10
    assert all(line["product"] is None and line["name"] for one in shown["product"]["orders"] for line in one["items"])
    assert shown["order"]["orders"] is None
    assert all(one["profile"]["username"] == "ada" for one in shown.values())
    problems = [[(one["part"], one["service"]) for one in page["problems"]] for page in shown.values()]
    assert problems == [[("products", "product")], [("orders", "order")]]


async def test_the_page_of_an_order_has_its_history(people: People, make_user: MakeUser, bearer: Bearer) -> None:
    """And the products of its lines, whose prices may have changed since; money and times are those of REST."""
    ada, teapot = bearer(await make_user("ada")), await add_product(people, bearer)
    order_id = await place(people, ada, teapot)
    change = {"price": 250.5, "name": "Samovar"}
    await people["product"].patch(f"/api/v1/products/{teapot}", json=change, headers=bearer(role="admin"))

    shown = (await people["gateway"].get(f"{PAGE}/{order_id}", headers=ada)).json()
    order = (await people["order"].get(f"/api/v1/orders/{order_id}", headers=ada)).json()
    history = (await people["order"].get(f"/api/v1/orders/{order_id}/history", headers=ada)).json()["items"]

    (line,) = shown["order"].pop("items")
    product = line.pop("product")
    (ordered,) = order.pop("items")
    assert line == ordered
    assert (product["id"], product["name"], product["price"]) == (teapot, "Samovar", 250.5)
    assert shown["order"].items() <= order.items()
    assert (shown["history"], shown["problems"]) == (history, [])


async def test_an_order_that_is_not_there_is_the_answers_own_status(
    people: People, make_user: MakeUser, bearer: Bearer
) -> None:
    """Unknown, or of another person: 404 with the code of REST."""
    ada, bob = bearer(await make_user("ada")), bearer(await make_user("bob"))
    order_id = await place(people, ada, await add_product(people, bearer))

    answers = [
        await people["gateway"].get(f"{PAGE}/{one}", headers=headers)
        for one, headers in ((order_id, bob), (new_id(), ada))
    ]

    assert [(one.status_code, one.json()["code"]) for one in answers] == [(404, "order_not_found")] * 2


async def test_without_order_the_page_says_so(
    people: People, make_user: MakeUser, bearer: Bearer, apps: dict[str, FastAPI], without: Without
) -> None:
    """All of its parts are null, and the status is still 200."""
    ada = await make_user("ada")
    with having(apps["gateway"], dispatcher=await without("order")):
        answer = await people["gateway"].get(f"{PAGE}/{new_id()}", headers=bearer(ada))

    shown = answer.json()
    assert (answer.status_code, shown["order"], shown["history"]) == (200, None, None)
    assert {one["part"] for one in shown["problems"]} == {"order", "history"}
