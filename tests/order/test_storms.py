"""The long run: ``KEYS=1000 pytest -n 0 tests/order/test_storms.py``."""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest
from fastapi import FastAPI

from chassis.core.json import dumps, loads
from chassis.core.types import new_id
from chassis.dispatch.direct import DirectTransport
from chassis.dispatch.transport import Answer, address_of
from chassis.messaging.event import cloud_event
from cli.dev.polling import eventually
from order.events import OrderCancelled
from order.main import build
from tests.order.shop import ORDERS, STOCK, Shop, declare_take_stock
from tests.support.aliases import Bearer
from tests.support.consistency import broken_rules
from tests.support.delivering import deliver
from tests.support.serving import serve

KEYS = int(os.environ.get("KEYS", "4"))
SENDS, AT_ONCE = 20, 32
"""The storm: how often each request is sent, and how many requests are concurrent."""
PATIENCE_S = 300.0
"""Timeouts for a busy machine."""
AGAIN = {202, 409, 503, 504}
"""Pending, in flight, no free database connection, or timed out: sent again."""


class Customers:
    """Requests of many people, over reused connections to two workers of the order service."""

    def __init__(self, *workers: str) -> None:
        self._workers = workers
        self._transport = DirectTransport()
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def order(self, number: int, product_id: str, bearer: dict[str, str], key: str) -> Answer:
        """Send one order to one of the workers, until it is decided."""
        answers: list[Answer] = []

        async def is_decided() -> bool:
            answers.append(await self._send(self._workers[number % 2], product_id, bearer, key))
            return answers[-1].status not in AGAIN or loads(answers[-1].body).get("code") == "insufficient_stock"

        async with self._turns:
            assert await eventually(is_decided, PATIENCE_S)
        return answers[-1]

    async def _send(self, worker: str, product_id: str, bearer: dict[str, str], key: str) -> Answer:
        body = dumps({"product_id": product_id, "quantity": 1})
        headers = {**bearer, "Idempotency-Key": key, "Content-Type": "application/json"}
        return await self._transport.send("POST", address_of(worker, ORDERS), list(headers.items()), body, 30)

    async def leave(self) -> None:
        """Close the connections."""
        await self._transport.aclose()


@pytest.fixture
async def customers(
    apps: dict[str, FastAPI], environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Customers]:
    """Many people, and a second worker of the order service, with timeouts long enough for a slow machine."""
    declare_take_stock(monkeypatch, slow_s=PATIENCE_S)
    async with serve(build()) as second:
        people = Customers(environment["ORDER_SERVICE_URL"], second)
        yield people
        await people.leave()


@pytest.mark.parametrize("number", [40, pytest.param(200, marks=pytest.mark.long)])
async def test_of_many_concurrent_orders_for_ten_units_ten_are_confirmed(
    shop: Shop, customers: Customers, bearer: Bearer, environment: dict[str, str], number: int
) -> None:
    """Ten people get one each; the others are refused as out of stock, and all services agree afterwards."""
    pot = await shop.product(stock=10)

    answers = await asyncio.gather(*(customers.order(one, pot, bearer(), str(new_id())) for one in range(number)))

    assert Counter(answer.status for answer in answers) == {201: 10, 409: number - 10}
    assert {loads(answer.body)["code"] for answer in answers if answer.status == 409} == {"insufficient_stock"}
    assert await shop.stock_of(pot) == 0
    assert await broken_rules(environment) == {}


async def test_a_storm_of_sends_makes_one_order_of_each_key(
    shop: Shop, customers: Customers, bearer: Bearer, environment: dict[str, str]
) -> None:
    """Each key sent many times at once to two workers has one order, and all its answers are the same."""
    pot = await shop.product(stock=KEYS + 1)

    async def send_all(_number: int) -> set[tuple[int, bytes]]:
        person, key = bearer(), str(new_id())
        answers = await asyncio.gather(*(customers.order(number, pot, person, key) for number in range(SENDS)))
        return {(answer.status, answer.body) for answer in answers}

    answers = await asyncio.gather(*map(send_all, range(KEYS)))

    assert [len(one) for one in answers] == [1] * KEYS
    assert {status for one in answers for status, _ in one} == {201}
    assert await shop.stock_of(pot) == 1
    assert await broken_rules(environment, PATIENCE_S) == {}


async def deliver_five_times(apps: dict[str, FastAPI], event: dict[str, Any]) -> Counter[tuple[str, str]]:
    """Deliver an event five times at once to each consumer; returns the outcomes."""
    order = apps["order"].state.application.dispatcher

    async def to(consumer: str) -> tuple[str, str]:
        (outcome,) = await deliver(order, consumer, event)
        return consumer, outcome

    return Counter(await asyncio.gather(*(to(consumer) for consumer in OrderCancelled.consumers for _ in range(5))))


async def test_an_event_that_is_delivered_five_times_counts_once(
    shop: Shop, teapot: str, apps: dict[str, FastAPI]
) -> None:
    """The stock is released once, and analytics counts one cancellation."""
    order = await shop.place(teapot, 2)
    person, subject = order["user_id"], order["id"]
    cancelled = OrderCancelled(
        subject=subject, user_id=person, items=[], total_price_minor=None, currency=None, cause="test"
    )

    seen = await deliver_five_times(apps, cloud_event(cancelled, "order"))

    async def is_counted_once() -> bool:
        stats = (await shop.people["analytics"].get("/api/v1/analytics/stats")).json()
        return bool(stats["by_type"].get("order.cancelled") == 1)

    assert seen == {(name, outcome): times for name in ("product", "analytics") for outcome, times in OUTCOMES.items()}
    assert await eventually(is_counted_once)
    assert await shop.stock_of(teapot) == STOCK


OUTCOMES = {"accepted": 1, "duplicate": 4}
