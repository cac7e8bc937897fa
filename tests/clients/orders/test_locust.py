"""Locust, which makes load."""

import json
from pathlib import Path

import pytest

from tests.clients.addresses import address_of
from tests.order.shop import STOCK, Shop
from tests.support.aliases import MakeUser
from tests.support.python_clients import PythonClients
from tests.user.logins import PASSWORD

pytestmark = pytest.mark.long

CUSTOMERS, ORDERS = 3, 15
QUIET = ("--headless", "--json", "--skip-log", "--loglevel", "ERROR", "--run-time", "60s")


async def test_locust_orders_without_a_failure(
    environment: dict[str, str],
    python_clients: PythonClients,
    make_user: MakeUser,
    shop: Shop,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Three customers place five orders each at the same time; each order is stored, confirmed and has its stock."""
    ada = await make_user("ada")
    teapot = await shop.product(stock=ORDERS + STOCK)
    monkeypatch.setenv("LOCUST_NAME", "ada")
    monkeypatch.setenv("LOCUST_PASSWORD", PASSWORD)
    load = ("-u", str(CUSTOMERS), "-r", str(CUSTOMERS), "--host", address_of(environment, "order"))
    file = Path(__file__).parent / "locustfile.py"

    printed = await python_clients.tool("locust", "-f", file, *load, *QUIET)

    counted = json.loads(printed[printed.index("[") :])
    assert sum(entry["num_failures"] for entry in counted) == 0
    assert sum(entry["num_requests"] for entry in counted) == CUSTOMERS + 3 * ORDERS
    orders = await shop.orders()
    assert [(order["user_id"], order["status"]) for order in orders] == [(str(ada.id), "confirmed")] * ORDERS
    assert await shop.stock_of(teapot) == STOCK
