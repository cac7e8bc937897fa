import asyncio
from time import monotonic

import httpx
import pytest

from cli.demo.demo import demo
from cli.dev.polling import eventually
from tests.system.leases import end_leases
from tests.system.people import ORDERS, count_orders, make_product
from tests.system.stack import Stack

pytestmark = pytest.mark.long


async def test_the_demo_walks_through_all_services(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Registration, products, orders and analytics work together, each service a process of its own."""
    for name, value in stack.environment.items():
        monkeypatch.setenv(name, value)
    await end_leases(stack)  # left by processes killed in other tests
    before = count_orders(stack)

    await asyncio.to_thread(demo)  # the order service's calls pass through this event loop

    assert count_orders(stack) == before + 3


async def test_without_the_product_service_an_order_waits_for_it(stack: Stack) -> None:
    """The order is accepted as pending, in a short time; it is confirmed when the service is back."""
    async with httpx.AsyncClient(base_url=stack.environment["ORDER_SERVICE_URL"]) as orders:
        product_id = await make_product(stack)
        stack.services.kill("product")
        begun = monotonic()
        try:
            taken = await orders.post(ORDERS, json={"product_id": product_id, "quantity": 1}, headers=stack.admin)
        finally:
            stack.services.start("product")

        async def is_confirmed() -> bool:
            order = (await orders.get(taken.headers["location"], headers=stack.admin)).json()
            return bool(order["status"] == "confirmed")

        assert (taken.status_code, taken.json()["status"]) == (202, "pending")
        assert monotonic() - begun < 5
        assert await eventually(is_confirmed)


@pytest.mark.parametrize(("service", "database"), [("order", "postgres"), ("analytics", "mongodb")])
async def test_a_database_that_is_down_is_told_and_recovered_from(stack: Stack, service: str, database: str) -> None:
    """/readyz is 503 and names the database, /livez is 200; afterwards the service is ready without a restart."""
    server = getattr(stack, database)
    async with httpx.AsyncClient(base_url=stack.environment[f"{service.upper()}_SERVICE_URL"]) as client:

        async def is_ready() -> bool:
            return (await client.get("/readyz")).status_code == 200

        assert await is_ready()
        server.kill()
        try:
            unready = await client.get("/readyz")
            assert (await client.get("/livez")).status_code == 200
        finally:
            server.start()
            await end_leases(stack)
        assert unready.status_code == 503
        assert unready.json()["checks"][database].startswith("down")
        assert await eventually(is_ready)


async def test_a_request_can_be_followed_through_the_services(stack: Stack) -> None:
    """The id of a caller's request is in the log lines of every service that worked for it."""
    request_id = "follow-me-through"
    product_id = await make_product(stack)
    async with httpx.AsyncClient(base_url=stack.environment["ORDER_SERVICE_URL"]) as orders:
        wanted = {"product_id": product_id, "quantity": 1}
        response = await orders.post(ORDERS, json=wanted, headers={**stack.admin, "X-Request-ID": request_id})

    async def is_told_by_all() -> bool:
        lines = [line for line in stack.output if request_id in line]
        return all(any(f"service={name}" in line for line in lines) for name in ("order", "product", "analytics"))

    assert response.headers["x-request-id"] == request_id
    assert await eventually(is_told_by_all)
