from time import monotonic

import httpx
import pytest

from chassis.testing import eventually
from cli.demo import demo, ensure_demo_admin
from tests.system.stack import Stack

pytestmark = pytest.mark.xdist_group("system")

ORDERS = "/api/v1/orders"


def test_the_demo_walks_through_all_services(stack: Stack) -> None:
    """Registration, products, orders and analytics work together, each service a process of its own."""
    before = count_orders(stack)

    demo()

    assert count_orders(stack) == before + 3


async def test_without_the_product_service_no_order_is_placed(stack: Stack) -> None:
    """The answer is a 503 within the deadline, no order is left behind, and all is well when the service is back."""
    async with httpx.AsyncClient(base_url=stack.environment["ORDER_SERVICE_URL"]) as orders:
        bearer, product_id = await log_in(stack), await make_product(stack)
        wanted = {"product_id": product_id, "quantity": 1}
        before = (await orders.get(ORDERS, headers=bearer)).json()["items"]
        stack.services.kill("product")

        begun = monotonic()
        refused = await orders.post(ORDERS, json=wanted, headers=bearer)

        assert (refused.status_code, refused.json()["code"]) == (503, "service_unavailable")
        assert "product" in refused.json()["detail"]
        assert monotonic() - begun < 10
        assert (await orders.get(ORDERS, headers=bearer)).json()["items"] == before
        stack.services.start("product")
        stack.services.wait_until_ready()
        assert (await orders.post(ORDERS, json=wanted, headers=bearer)).status_code == 201


@pytest.mark.parametrize(("service", "database"), [("order", "postgres"), ("analytics", "mongodb")])
async def test_a_database_that_is_down_is_told_and_recovered_from(stack: Stack, service: str, database: str) -> None:
    """/readyz is 503 and names it, /livez is 200, and when it is back the service is ready without a restart."""
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
        assert unready.status_code == 503
        assert unready.json()["checks"][database].startswith("down")
        assert await eventually(is_ready, within=15)


async def test_a_request_can_be_followed_through_the_services(stack: Stack) -> None:
    """The id that a caller gives stands on the lines of every service that has worked for it."""
    request_id = "follow-me-through"
    bearer, product_id = await log_in(stack), await make_product(stack)
    async with httpx.AsyncClient(base_url=stack.environment["ORDER_SERVICE_URL"]) as orders:
        wanted = {"product_id": product_id, "quantity": 1}
        response = await orders.post(ORDERS, json=wanted, headers={**bearer, "X-Request-ID": request_id})

    async def is_told_by_all() -> bool:
        lines = [line for line in stack.output if request_id in line]
        return all(any(f"service={name}" in line for line in lines) for name in ("order", "product", "analytics"))

    assert response.headers["x-request-id"] == request_id
    assert await eventually(is_told_by_all)


def count_orders(stack: Stack) -> int:
    """How many orders analytics knows of."""
    stats = httpx.get(f"{stack.environment['ANALYTICS_SERVICE_URL']}/api/v1/analytics/stats").json()
    return int(stats["by_type"].get("order.confirmed", 0))


async def log_in(stack: Stack) -> dict[str, str]:
    """The Authorization header of the demo's admin."""
    async with httpx.AsyncClient(base_url=stack.environment["USER_SERVICE_URL"]) as users:
        name, password = await ensure_demo_admin(stack.environment)
        form = {"username": name, "password": password}
        token = (await users.post("/api/v1/users/login", data=form)).json()["access_token"]
    return {"Authorization": f"Bearer {token}"}


async def make_product(stack: Stack) -> str:
    """The id of a new product."""
    async with httpx.AsyncClient(base_url=stack.environment["PRODUCT_SERVICE_URL"]) as products:
        product = {"name": "Cup", "price": 6.99, "stock": 10}
        answer = await products.post("/api/v1/products", json=product, headers=await log_in(stack))
    return str(answer.json()["id"])
