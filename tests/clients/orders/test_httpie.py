"""HTTPie, as a customer uses it in a terminal."""

import json
from typing import Any

import pytest

from tests.clients.addresses import address_of
from tests.order.shop import Shop
from tests.support.python_clients import PythonClients
from tests.user.logins import PASSWORD

pytestmark = pytest.mark.long


@pytest.mark.usefixtures("own_settings")
async def test_httpie_registers_logs_in_and_orders(
    environment: dict[str, str], python_clients: PythonClients, users: str, shop: Shop
) -> None:
    """A person registers, logs in by JSON and by a form, and orders; the same key has one order."""

    async def http(*words: str) -> Any:  # noqa: ANN401 - JSON is what it is
        return json.loads(await python_clients.tool("http", "--check-status", "--ignore-stdin", *words))

    orders, teapot = f"{address_of(environment, 'order')}/api/v1/orders", await shop.product()
    ada = await http(f"{users}/register", "username=ada", "email=ada@example.org", f"password={PASSWORD}")
    await http("--form", f"{users}/login", "username=ada", f"password={PASSWORD}")
    tokens = await http(f"{users}/login", "username=ada", f"password={PASSWORD}")
    bearer = ("-A", "bearer", "-a", tokens["access_token"])
    profile = await http(*bearer, f"{users}/profile")
    for _ in range(2):
        order = await http(*bearer, orders, "Idempotency-Key:first", f"product_id={teapot}", "quantity:=2")

    assert (profile["id"], profile["username"]) == (ada["id"], "ada")
    stored = await shop.only_order()
    assert stored == order
    assert (stored["user_id"], stored["status"], stored["total_price"]) == (ada["id"], "confirmed", 399.98)
    assert await shop.stock_of(teapot) == 3
