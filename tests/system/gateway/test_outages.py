"""Behind the gateway a process is killed: what does not need it is answered."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import httpx
import pytest

from cli.dev.polling import eventually
from gateway.graphql.media_types import GRAPHQL
from tests.system.orders.shop import ORDERS, make_product
from tests.system.stack import Stack

pytestmark = pytest.mark.long

MANY = 30
"""More calls than a breaker needs to open."""
OVERVIEW = "/bff/v1/overview"


@pytest.fixture
async def people(stack: Stack) -> AsyncIterator[httpx.AsyncClient]:
    """A client that is logged in at the gateway."""
    headers = {**stack.admin, "Accept": GRAPHQL}
    url = stack.environment["GATEWAY_SERVICE_URL"]
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=30) as client:
        yield client


@contextmanager
def killed(stack: Stack, service: str) -> Iterator[None]:
    """Kill a service for the time of the block, and wait until it is back."""
    stack.services.kill(service)
    try:
        yield
    finally:
        stack.services.start(service)
        stack.services.wait_until_ready()


async def test_without_analytics_the_user_service_is_reached(stack: Stack, people: httpx.AsyncClient) -> None:
    """What user answers about analytics closes no way to user, and statistics are there soon after analytics is."""
    with killed(stack, "analytics"):
        for _ in range(MANY):
            mine = await people.post("/graphql", json={"query": "{ stats(mine: true) { total } }"})
            assert mine.json()["errors"][0]["extensions"]["service"] == "user"
        page = (await people.get(OVERVIEW)).json()
        forwarded = await people.get("/api/v1/users/profile")

    async def is_whole() -> bool:
        return bool((await people.get(OVERVIEW)).json()["problems"] == [])

    assert page["profile"] == forwarded.json()
    assert [(one["part"], one["status"]) for one in page["problems"]] == [("statistics", 503)]
    assert await eventually(is_whole, within=10)


# --- about order ---
LAST_ORDERS = "query { orders(first: 3) { edges { node { id lines { name product { name } } } } } }"


async def test_without_product_the_orders_are_shown(stack: Stack, people: httpx.AsyncClient) -> None:
    """
    GraphQL answers 294, with an error for each null product, and a page has a problem; then 200.

    Meanwhile orders are accepted as pending, and their number closes no way to order.
    """
    product_id = await make_product(stack, stock=3 + MANY)

    async def place() -> int:
        return (await people.post(ORDERS, json={"product_id": product_id, "quantity": 1})).status_code

    async def is_confirmed() -> bool:
        statuses = [order["status"] for order in (await people.get(f"{ORDERS}?limit=100")).json()["items"]]
        return "pending" not in statuses

    assert [await place() for _ in range(3)] == [201] * 3
    whole = await people.post("/graphql", json={"query": LAST_ORDERS})
    with killed(stack, "product"):
        partial = await people.post("/graphql", json={"query": LAST_ORDERS})
        page = (await people.get(OVERVIEW)).json()
        placed = await asyncio.gather(*(place() for _ in range(MANY)))
        read = await people.post("/graphql", json={"query": LAST_ORDERS})

    assert (whole.status_code, len(whole.json()["data"]["orders"]["edges"])) == (200, 3)
    assert partial.status_code == 294
    expected = whole.json()["data"]
    for edge in expected["orders"]["edges"]:
        for line in edge["node"]["lines"]:
            line["product"] = None
    assert partial.json()["data"] == expected
    about = [(error["path"][-1], error["extensions"]["service"]) for error in partial.json()["errors"]]
    assert about == [("product", "product")] * 3
    assert [(one["part"], one["service"]) for one in page["problems"]] == [("products", "product")]
    assert [order["id"] for order in page["orders"]][:3] == [edge["node"]["id"] for edge in expected["orders"]["edges"]]
    assert set(placed) == {202}
    assert (read.status_code, len(read.json()["data"]["orders"]["edges"])) == (294, 3)
    assert await eventually(is_confirmed)
    assert (await people.post("/graphql", json={"query": LAST_ORDERS})).status_code == 200


# --- end about order ---
