import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx
import pytest

from chassis.core.types import new_id
from cli.dev.polling import eventually
from tests.support.consistency import broken_rules
from tests.support.fault_proxy import Exchange, FaultProxy, passing
from tests.system.leases import end_leases
from tests.system.orders.shop import ORDERS, make_product
from tests.system.stack import Stack

pytestmark = pytest.mark.long

STOCK = 10
RECOVERED_WITHIN_S = 20.0
"""After a kill: longer than a delivery worker's lease."""


@dataclass(frozen=True, slots=True)
class Ways:
    """The connections from a customer to the order service, and from that to the product service."""

    front: FaultProxy
    back: FaultProxy

    def at(self, step: str) -> FaultProxy:
        """Where a step can be disturbed: the call that takes the stock, or the answer to the customer."""
        return self.front if step == "answer" else self.back


@pytest.fixture(scope="module")
async def ways(stack: Stack) -> AsyncIterator[Ways]:
    """A new connection for the customer, and the one to the product service."""
    async with FaultProxy(stack.environment["ORDER_SERVICE_URL"], passing) as front:
        yield Ways(front, stack.wires["product"])


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer who orders one unit of a new product."""

    orders: httpx.AsyncClient
    bearer: dict[str, str]
    product_id: str
    key: str

    async def send(self) -> httpx.Response:
        """Send the order, under its key."""
        wanted = {"product_id": self.product_id, "quantity": 1}
        return await self.orders.post(ORDERS, json=wanted, headers={**self.bearer, "Idempotency-Key": self.key})

    async def insist(self) -> dict[str, Any]:
        """Return the confirmed order: send until there is an answer, and read while it is pending."""
        found: list[dict[str, Any]] = []

        async def is_decided() -> bool:
            try:
                found[:] = [(await self.send()).json()] if not found else await self.own()
            except httpx.HTTPError:
                return False
            return [order.get("status") for order in found] == ["confirmed"]

        assert await eventually(is_decided, within=RECOVERED_WITHIN_S)
        again = await self.send()
        assert again.status_code == 201
        return dict(again.json())

    async def own(self) -> list[dict[str, Any]]:
        """Return the existing orders of the product."""
        listed = (await self.orders.get(f"{ORDERS}?limit=100", headers=self.bearer)).raise_for_status()
        return [order for order in listed.json()["items"] if order["items"][0]["product_id"] == self.product_id]


@pytest.fixture
async def customer(stack: Stack, ways: Ways) -> AsyncIterator[Customer]:
    """A customer with a key."""
    async with httpx.AsyncClient(base_url=ways.front.address, timeout=15) as orders:
        yield Customer(orders, stack.admin, await make_product(stack), str(new_id()))
    ways.front.fault = ways.back.fault = passing


async def stock_of(stack: Stack, product_id: str) -> int:
    """Return the stock."""
    async with httpx.AsyncClient(base_url=stack.environment["PRODUCT_SERVICE_URL"]) as products:
        return int((await products.get(f"/api/v1/products/{product_id}")).json()["stock"])


async def execute(stack: Stack, statement: str) -> None:
    """Run a statement in the order service's database."""
    connection = await asyncpg.connect(stack.environment["ORDER_DATABASE_URL"].replace("+asyncpg", ""))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def once(step: str, strike: Callable[[Exchange], Awaitable[None]]) -> Callable[[Exchange], Awaitable[None]]:
    """Disturb the first request of a step, and pass on every other."""
    struck = False

    async def fault(exchange: Exchange) -> None:
        nonlocal struck
        address = exchange.request.split(b"\r\n", 1)[0]
        is_step = {
            "stock": address.startswith(b"POST /api/v1/reservations "),
            "answer": address.startswith(b"POST "),
        }[step]
        if struck or not is_step:
            await passing(exchange)
            return
        struck = True
        await strike(exchange)

    return fault


@pytest.mark.parametrize(
    ("victim", "when", "step"),
    [
        *((victim, when, "stock") for victim in ("order", "product") for when in ("before", "after")),
        ("order", "after", "answer"),
    ],
)
async def test_whatever_is_killed_at_a_step_there_is_one_order_with_its_units(
    stack: Stack, ways: Ways, customer: Customer, victim: str, when: str, step: str
) -> None:
    """A repetition gets the order, whether the service died before product had the request, after its work or later."""

    async def kill(exchange: Exchange) -> None:
        if when == "after":
            await exchange.forward()
        stack.services.kill(victim)
        await end_leases(stack)
        stack.services.start(victim)
        exchange.cut()

    ways.at(step).fault = once(step, kill)

    order = await customer.insist()

    assert [one["id"] for one in await customer.own()] == [order["id"]]
    assert await stock_of(stack, customer.product_id) == STOCK - 1
    assert await broken_rules(stack.environment, RECOVERED_WITHIN_S) == {}


async def test_an_order_whose_service_was_killed_is_ended_without_its_customer(
    stack: Stack, ways: Ways, customer: Customer
) -> None:
    """Without a repetition, the service resumes the order when its lease is over."""

    async def kill(exchange: Exchange) -> None:
        await exchange.forward()
        stack.services.kill("order")
        exchange.cut()

    ways.back.fault = once("stock", kill)
    with pytest.raises(httpx.TransportError):
        await customer.send()
    await execute(stack, "UPDATE orders SET resume_at = now() WHERE status = 'pending'")
    await end_leases(stack)

    stack.services.start("order")

    assert await broken_rules(stack.environment, RECOVERED_WITHIN_S) == {}
    assert [order["status"] for order in await customer.own()] == ["confirmed"]


async def test_an_order_that_expires_while_product_is_down_gives_its_units_back(
    stack: Stack, ways: Ways, customer: Customer
) -> None:
    """Product took the units before; it receives the release when it is back."""

    async def kill(exchange: Exchange) -> None:
        await exchange.forward()
        stack.services.kill("product")
        await end_leases(stack)
        exchange.cut()

    ways.back.fault = once("stock", kill)
    try:
        assert (await customer.send()).status_code == 202
        await execute(stack, "UPDATE orders SET created_at = now() - interval '1 hour' WHERE status = 'pending'")

        async def is_expired() -> bool:
            return [order["status"] for order in await customer.own()] == ["expired"]

        assert await eventually(is_expired)
    finally:
        stack.services.start("product")

    stack.services.wait_until_ready()
    assert await broken_rules(stack.environment, RECOVERED_WITHIN_S) == {}
    assert await stock_of(stack, customer.product_id) == STOCK


async def test_a_crash_of_the_database_while_stock_is_taken_loses_nothing(
    stack: Stack, ways: Ways, customer: Customer
) -> None:
    """All databases but MongoDB are down for a moment; a repeated request gets the one order."""

    async def crash(exchange: Exchange) -> None:
        await asyncio.gather(exchange.forward(), asyncio.to_thread(stack.postgres.kill))
        await asyncio.to_thread(stack.postgres.start)
        await end_leases(stack)
        exchange.cut()

    ways.back.fault = once("stock", crash)

    order = await customer.insist()

    assert [one["id"] for one in await customer.own()] == [order["id"]]
    assert await broken_rules(stack.environment, RECOVERED_WITHIN_S) == {}
    assert await stock_of(stack, customer.product_id) == STOCK - 1
