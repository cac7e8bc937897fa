from datetime import datetime
from itertools import chain, pairwise
from typing import Any

import httpx
import pytest

from chassis.core.types import new_id
from tests.order.shop import ORDERS, Shop
from tests.support.aliases import Bearer, People

Json = dict[str, Any]


async def walk(orders: httpx.AsyncClient, path: str, headers: dict[str, str]) -> list[list[Json]]:
    """Return all pages of a list, following its links."""
    pages = []
    while path:
        answer = await orders.get(path, headers=headers)
        assert answer.status_code == 200, answer.text
        pages.append(answer.json()["items"])
        path = answer.links.get("next", {}).get("url", "")
    return pages


@pytest.fixture
async def placed(shop: Shop, bearer: Bearer) -> list[Json]:
    """Five orders, newest first, alternately of the customer and of another person; one is cancelled."""
    teapot, other = await shop.product(), bearer()
    orders = [await shop.place(teapot, headers=headers) for headers in (shop.customer, other) * 2 + (shop.customer,)]
    orders[2] = (await shop.cancel(orders[2]["id"])).json()
    return orders[::-1]


async def test_people_list_their_own_orders_alone(shop: Shop, people: People, placed: list[Json]) -> None:
    """The customer's own orders are listed, newest first."""
    (page,) = await walk(people["order"], ORDERS, shop.customer)

    assert page == placed[::2]


async def test_an_admin_lists_everybodys(shop: Shop, people: People, placed: list[Json]) -> None:
    """Everybody's orders are listed, newest first."""
    (page,) = await walk(people["order"], f"{ORDERS}/all", shop.admin)

    assert page == placed


@pytest.mark.parametrize("path", [ORDERS, f"{ORDERS}/all"])
async def test_pages_follow_each_other_without_a_gap(
    shop: Shop, people: People, bearer: Bearer, placed: list[Json], path: str
) -> None:
    """Pages of two miss and repeat nothing, although an order is placed meanwhile."""
    whole = await walk(people["order"], path, shop.admin if "all" in path else shop.customer)
    first = await people["order"].get(f"{path}?limit=2", headers=shop.admin if "all" in path else shop.customer)
    await shop.place(placed[0]["items"][0]["product_id"])

    rest = await walk(people["order"], first.links["next"]["url"], shop.admin if "all" in path else shop.customer)

    assert first.json()["items"] + list(chain(*rest)) == whole[0]
    assert all(len(page) <= 2 for page in rest)


@pytest.mark.parametrize("path", [ORDERS, f"{ORDERS}/all"])
async def test_a_list_is_filtered_by_status(shop: Shop, people: People, placed: list[Json], path: str) -> None:
    """The filter holds on every page."""
    pages = await walk(
        people["order"], f"{path}?status=confirmed&limit=1", shop.admin if "all" in path else shop.customer
    )

    own = placed if "all" in path else placed[::2]
    assert list(chain(*pages)) == [order for order in own if order["status"] == "confirmed"]


async def test_an_admin_filters_by_person(shop: Shop, people: People, placed: list[Json]) -> None:
    """The filter lists one person's orders; a person without orders has none."""
    path = f"{ORDERS}/all?user_id="

    assert await walk(people["order"], path + placed[1]["user_id"], shop.admin) == [placed[1::2]]
    assert await walk(people["order"], path + str(new_id()), shop.admin) == [[]]


@pytest.mark.parametrize("query", ["status=lost", "limit=0", "limit=101"])
async def test_a_list_that_cannot_be_is_refused(shop: Shop, people: People, query: str) -> None:
    """An unknown status is refused rather than answered with an empty list."""
    answer = await people["order"].get(f"{ORDERS}?{query}", headers=shop.customer)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


async def test_a_cursor_of_one_list_is_none_of_another(shop: Shop, people: People, placed: list[Json]) -> None:
    """A cursor of a person's list is refused by the list of everybody's orders."""
    cursor = (await people["order"].get(f"{ORDERS}?limit=1", headers=shop.customer)).json()["next_cursor"]

    answer = await people["order"].get(f"{ORDERS}/all?cursor={cursor}", headers=shop.admin)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_cursor")


@pytest.mark.parametrize("what", ["", "/history"])
async def test_an_order_is_for_its_owner_and_admins(
    shop: Shop, people: People, bearer: Bearer, teapot: str, what: str
) -> None:
    """For other people an order does not exist, just like an unknown one."""
    order = await shop.place(teapot)
    path = f"{ORDERS}/{order['id']}{what}"

    answers = [await people["order"].get(path, headers=headers) for headers in (shop.customer, shop.admin, bearer())]
    never = await people["order"].get(f"{ORDERS}/{new_id()}{what}", headers=shop.admin)

    assert [answer.status_code for answer in answers] == [200, 200, 404]
    assert [answers[2].json()["code"], never.json()["code"]] == ["order_not_found"] * 2


async def test_an_order_reads_as_it_was_answered(shop: Shop, teapot: str) -> None:
    """A read order equals the answer to its creation, field by field."""
    order = await shop.place(teapot, 2)

    assert await shop.read(order["id"]) == order


async def test_a_history_tells_each_status_with_cause_and_time(shop: Shop, people: People, teapot: str) -> None:
    """A history has each status with its cause and time, oldest first."""
    order = await shop.place(teapot)
    await shop.cancel(order["id"], shop.admin)

    answer = await people["order"].get(f"{ORDERS}/{order['id']}/history", headers=shop.customer)

    steps = answer.json()["items"]
    assert [(step["status"], step["cause"]) for step in steps] == [
        ("pending", "placed"),
        ("confirmed", "stock_committed"),
        ("cancelled", "cancelled_by_admin"),
    ]
    times = [datetime.fromisoformat(step["at"]) for step in steps]
    assert all(earlier < later for earlier, later in pairwise(times))


async def test_people_read_many_of_their_own_orders_at_once(shop: Shop, people: People, placed: list[Json]) -> None:
    """They are in the order of the ids, each once; another person's order is left out, as an unknown one is."""
    wanted = [placed[4]["id"], placed[1]["id"], str(new_id()), placed[0]["id"], placed[4]["id"]]

    own = await people["order"].get(
        ORDERS, params={"ids": wanted, "limit": 1, "status": "expired"}, headers=shop.customer
    )
    every = await people["order"].get(f"{ORDERS}/all", params={"ids": wanted}, headers=shop.admin)

    assert own.json() == {"items": [placed[4], placed[0]], "next_cursor": None}
    assert every.json()["items"] == [placed[4], placed[1], placed[0]]


@pytest.mark.parametrize("path", [ORDERS, f"{ORDERS}/all"])
async def test_at_most_a_hundred_are_read_at_once(shop: Shop, people: People, path: str) -> None:
    """The problem points to the ids."""
    answer = await people["order"].get(path, params={"ids": [str(new_id())] * 101}, headers=shop.admin)

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/ids")
