"""The long run: ``TURNS=5000 pytest -n 0 tests/order/test_saga_model.py``; ``--randomly-seed=N`` repeats one."""

import asyncio
import os
import random
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from fastapi import FastAPI

from chassis.application import application_of
from chassis.core.errors import DatabaseUnavailable
from order.main import build
from order.models import OrderStatus
from order.services.resume_orders import resume_orders
from tests.order.shop import ORDERS, STOCK, Shop
from tests.support.consistency import broken_rules
from tests.support.fault_proxy import Exchange, FaultProxy, cutting, losing, passing, resetting
from tests.support.having import having
from tests.support.serving import serve

TURNS, AT_ONCE = int(os.environ.get("TURNS", "40")), 6
"""The number of actions, and how many of them are concurrent."""
SHARE_OF_FAULTS = 0.3
WAYS = {
    ("pending",),
    ("pending", "confirmed"),
    ("pending", "confirmed", "fulfilled"),
    ("pending", "confirmed", "cancelled"),
    ("pending", "cancelled"),
    ("pending", "rejected"),
    ("pending", "expired"),
}
"""The histories that an order may have."""
STANDING = {OrderStatus.CONFIRMED, OrderStatus.FULFILLED}


class Chaos:
    """The actions of people, clocks and workers on a few orders of two products; each turn picks one."""

    def __init__(self, shop: Shop, workers: list[FastAPI], urls: list[str], chance: random.Random) -> None:
        self.shop, self.workers, self.urls, self.chance = shop, workers, urls, chance
        self.products: list[str] = []
        self.orders: list[str] = []

    async def place(self) -> None:
        """Order one or both products."""
        wanted = self.chance.sample(self.products, self.chance.randint(1, len(self.products)))
        items = [{"product_id": product, "quantity": self.chance.randint(1, 2)} for product in wanted]
        await self._ask("", {"items": items}, self.shop.customer)
        listed = await self.shop.people["order"].get(f"{ORDERS}?limit=100", headers=self.shop.customer)
        self.orders = [order["id"] for order in listed.json()["items"]]

    async def cancel(self) -> None:
        """Cancel any order."""
        await self._act("cancel")

    async def fulfil(self) -> None:
        """Fulfil any order."""
        await self._act("fulfil")

    async def lose_patience(self) -> None:
        """Make any order older than the time in which it must be decided."""
        if self.orders:
            await self.shop.lose_patience(self.chance.choice(self.orders))

    async def resume(self) -> None:
        """Let one of the workers claim all pending orders, though others work on them."""
        await self.shop.make_due()
        worker = self.chance.choice(self.workers)
        await resume_orders(worker.state.application.store, worker.state.application.dispatcher)

    async def _act(self, what: str) -> None:
        if self.orders:
            await self._ask(f"/{self.chance.choice(self.orders)}/{what}", None, self.shop.admin)

    async def _ask(self, path: str, body: object, headers: dict[str, str]) -> None:
        url = f"{self.chance.choice(self.urls)}{ORDERS}{path}"
        answer = await self.shop.people["order"].post(url, json=body, headers=headers)
        assert answer.status_code in {200, 201, 202, 409, 503}, answer.text


@pytest.fixture
async def chaos(shop: Shop, wire: FaultProxy, environment: dict[str, str]) -> AsyncIterator[Chaos]:
    """Two workers that call the product service over one connection, which fails now and then."""
    chance = random.Random(random.getrandbits(32))  # noqa: S311 - no secret; seeded by pytest-randomly

    async def failing(exchange: Exchange) -> None:
        is_spoilt = chance.random() < SHARE_OF_FAULTS
        await (chance.choice([losing, cutting, resetting]) if is_spoilt else passing)(exchange)

    other = build()
    async with serve(other) as url:
        dispatcher = application_of(shop.app).dispatcher
        with having(other, dispatcher=dispatcher, background=dispatcher):
            wire.fault = failing
            yield Chaos(shop, [shop.app, other], [environment["ORDER_SERVICE_URL"], url], chance)
            wire.fault = passing


async def test_whatever_happens_side_by_side_no_unit_is_lost_or_sold_twice(
    chaos: Chaos, wire: FaultProxy, shop: Shop, environment: dict[str, str]
) -> None:
    """Each order has a defined history, stock and confirmed orders add up, and all services agree."""
    chaos.products = [await shop.product(stock=STOCK * 4) for _ in range(2)]
    turns = asyncio.Semaphore(AT_ONCE)

    async def take_turn() -> None:
        async with turns:
            act = chaos.chance.choices(
                [chaos.place, chaos.cancel, chaos.fulfil, chaos.lose_patience, chaos.resume], [8, 3, 2, 1, 2]
            )
            with suppress(DatabaseUnavailable):  # no connection was free: a worker tries again in a second
                await act[0]()

    await asyncio.gather(*(take_turn() for _ in range(TURNS)))

    wire.fault = passing
    assert await shop.settles()
    assert await broken_rules(environment) == {}
    orders = [await shop.read(order_id) for order_id in chaos.orders]
    assert {tuple(status for status, _ in await shop.history(order["id"])) for order in orders} <= WAYS
    sold = [line for order in orders if order["status"] in STANDING for line in order["items"]]
    for product in chaos.products:
        units = sum(line["quantity"] for line in sold if line["product_id"] == product)
        assert await shop.stock_of(product) == STOCK * 4 - units
