"""What people do in system tests."""

import httpx

from cli.demo import ensure_demo_admin
from tests.system.stack import Stack

ORDERS = "/api/v1/orders"


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


async def make_product(stack: Stack, stock: int = 10) -> str:
    """The id of a new product."""
    async with httpx.AsyncClient(base_url=stack.environment["PRODUCT_SERVICE_URL"]) as products:
        product = {"name": "Cup", "price": 6.99, "stock": stock}
        answer = await products.post("/api/v1/products", json=product, headers=await log_in(stack))
    return str(answer.json()["id"])


async def place_orders(stack: Stack, count: int) -> None:
    """Order one piece of a new product, so many times."""
    bearer, product_id = await log_in(stack), await make_product(stack)
    async with httpx.AsyncClient(base_url=stack.environment["ORDER_SERVICE_URL"]) as orders:
        for _ in range(count):
            answer = await orders.post(ORDERS, json={"product_id": product_id, "quantity": 1}, headers=bearer)
            assert answer.status_code == 201
