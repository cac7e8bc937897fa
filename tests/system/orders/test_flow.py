from time import monotonic

import httpx
import pytest

from cli.dev.polling import eventually
from tests.system.orders.shop import ORDERS, make_product
from tests.system.stack import Stack

pytestmark = pytest.mark.long


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
