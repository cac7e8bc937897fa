import asyncio
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from sqlalchemy import func, select
from structlog.testing import CapturingLogger

from chassis.core.json import dumps
from chassis.core.types import new_id
from chassis.dispatch.call import Call
from chassis.dispatch.dispatcher import Dispatcher
from chassis.dispatch.errors import Refusal, RemoteError
from chassis.dispatch.transport import Answer
from chassis.postgres.database import Postgres
from cli.dev.polling import eventually
from order import main
from order.models import Order, OrderLine, OrderStatus
from order.services import advance_order
from order.services.resume_orders import AT_ONCE, resume_orders
from product.services.release_reservation import release_reservation
from tests.order.shop import ORDERS, STOCK, Shop
from tests.product.orders import expire, let_time_pass
from tests.support.consistency import broken_rules
from tests.support.fault_proxy import Exchange, Fault, FaultProxy, cutting, holding, losing, passing, resetting
from tests.support.having import having

CONFIRMED = [("pending", "placed"), ("confirmed", "stock_committed")]


async def silent(_exchange: Exchange) -> None:
    """Neither call the service nor answer."""
    await asyncio.Event().wait()


async def away(exchange: Exchange) -> None:
    """Refuse the connection."""
    exchange.reset()


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    "fault",
    [silent, away, losing, *(pytest.param(one, marks=pytest.mark.long) for one in (holding, cutting, resetting))],
)
async def test_an_order_whose_call_has_no_answer_is_pending_until_it_has_one(
    shop: Shop, wire: FaultProxy, teapot: str, environment: dict[str, str], fault: Fault
) -> None:
    """The customer gets the order's address; it is confirmed once, whether or not product had taken the stock."""
    wire.fault = fault

    answer = await shop.send({"product_id": teapot, "quantity": 2})

    order = answer.json()
    assert (answer.status_code, order["status"]) == (202, "pending")
    assert answer.headers["location"] == f"{ORDERS}/{order['id']}"
    wire.fault = passing
    assert await shop.becomes(order["id"], OrderStatus.CONFIRMED)
    assert await shop.history(order["id"]) == CONFIRMED
    assert await shop.stock_of(teapot) == STOCK - 2
    assert await broken_rules(environment) == {}


async def test_the_key_of_a_pending_order_goes_on_with_it(
    shop: Shop, wire: FaultProxy, teapot: str, environment: dict[str, str]
) -> None:
    """A repeated request completes what the first one began, without a resumer."""
    key, wanted = str(new_id()), {"product_id": teapot, "quantity": 2}
    wire.fault = losing
    first = await shop.send(wanted, key=key)

    wire.fault = passing
    second, third = [await shop.send(wanted, key=key) for _ in range(2)]

    assert [answer.status_code for answer in (first, second, third)] == [202, 201, 201]
    assert second.json()["id"] == first.json()["id"]
    assert (third.text, third.headers["idempotent-replayed"]) == (second.text, "true")
    assert await broken_rules(environment) == {}


async def test_an_answer_that_comes_late_is_waited_for(shop: Shop, wire: FaultProxy, teapot: str) -> None:
    """A product service that is slow, but within its time, makes no order pending."""

    async def slow(exchange: Exchange) -> None:
        answer = await exchange.forward()
        await asyncio.wait([asyncio.create_task(asyncio.Event().wait())], timeout=0.2)
        await exchange.answer(answer)

    wire.fault = slow

    assert (await shop.place(teapot))["status"] == OrderStatus.CONFIRMED


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("fault", [silent, holding], ids=["not reserved", "reserved"])
async def test_an_order_that_has_waited_for_too_long_expires(
    shop: Shop, wire: FaultProxy, teapot: str, environment: dict[str, str], fault: Fault
) -> None:
    """What is reserved for an expired order is released."""
    wire.fault = fault
    order = await shop.place(teapot, 2)
    await shop.lose_patience(order["id"])

    assert await shop.becomes(order["id"], OrderStatus.EXPIRED)

    assert await shop.history(order["id"]) == [("pending", "placed"), ("expired", "timed_out")]
    assert await shop.has_stock(teapot, STOCK)
    assert await broken_rules(environment) == {}


@pytest.mark.parametrize("is_taken", [False, True], ids=["not taken", "taken"])
async def test_an_order_whose_stock_was_released_is_expired(
    shop: Shop, wire: FaultProxy, teapot: str, apps: dict[str, FastAPI], environment: dict[str, str], *, is_taken: bool
) -> None:
    """The customer gets the expiry as the answer, and again with the same key."""

    async def releasing(exchange: Exchange) -> None:
        order = await shop.only_order()
        if is_taken:
            await exchange.forward()  # whose answer is lost
        async with apps["product"].state.application.store.transaction() as session:
            await release_reservation(session, UUID(order["id"]))
        exchange.reset()

    wire.fault = releasing
    key, wanted = str(new_id()), {"product_id": teapot, "quantity": 2}
    assert (await shop.send(wanted, key=key)).status_code in {202, 409}

    wire.fault = passing
    answer = await shop.send(wanted, key=key)

    assert (answer.status_code, answer.json()["code"]) == (409, "order_expired")
    assert (await shop.only_order())["cause"] == "reservation_closed"
    assert await shop.has_stock(teapot, STOCK)
    assert await broken_rules(environment) == {}


@pytest.mark.usefixtures("impatient")
async def test_stock_that_an_order_has_taken_does_not_expire(
    shop: Shop, wire: FaultProxy, teapot: str, apps: dict[str, FastAPI], environment: dict[str, str]
) -> None:
    """An order that is resumed long after product's answer was lost is confirmed with the same units."""
    products = apps["product"].state.application.store
    wire.fault = holding
    order = await shop.place(teapot, 2)

    await let_time_pass(products, UUID(order["id"]))
    assert await expire(products) == 0
    wire.fault = passing

    assert await shop.becomes(order["id"], OrderStatus.CONFIRMED)
    assert await shop.stock_of(teapot) == STOCK - 2
    assert await broken_rules(environment) == {}


@pytest.mark.usefixtures("impatient")
async def test_a_price_that_changes_meanwhile_does_not_matter(shop: Shop, wire: FaultProxy, teapot: str) -> None:
    """An order costs the prices at the time of its reservation."""
    wire.fault = holding
    order = await shop.place(teapot, 2)
    await shop.change_price(teapot, 999.99)

    wire.fault = passing

    assert await shop.becomes(order["id"], OrderStatus.CONFIRMED)
    assert (await shop.read(order["id"]))["total_price"] == 399.98


class Mismatched:
    """A dispatcher whose calls are refused as malformed."""

    def __init__(self, status: int, code: str) -> None:
        self.status, self.code = status, code

    async def call(self, call: Call[Any, Any], *_arguments: object, **_options: object) -> None:
        """Refuse."""
        problem = dumps({"code": self.code, "detail": "No."})
        raise RemoteError(call.service, Refusal(Answer(self.status, {}, problem)))


@pytest.mark.parametrize(
    ("status", "code"),
    [(401, "unauthenticated"), (403, "forbidden"), (404, "not_found"), (422, "invalid_request"), (409, "differs")],
)
async def test_a_refusal_that_is_not_of_the_stock_rejects_no_order(
    settling: None, shop: Shop, teapot: str, monkeypatch: pytest.MonkeyPatch, status: int, code: str
) -> None:
    """Such a refusal is a fault between the services: it is logged, and the order waits until it expires."""
    monkeypatch.setattr(advance_order, "log", log := CapturingLogger())
    with having(shop.app, dispatcher=Mismatched(status, code)):
        order = await shop.place(teapot)

    assert order["status"] == OrderStatus.PENDING
    assert log.calls[0].kwargs["order_id"] == order["id"]
    assert log.calls[0].kwargs["reason"] == "The product service refused: No."


@pytest.mark.usefixtures("impatient")
async def test_an_order_is_worked_on_by_one_at_a_time(shop: Shop, wire: FaultProxy, teapot: str) -> None:
    """While a worker calls for an order, another worker does not claim it."""
    wire.fault = silent
    placing = asyncio.create_task(shop.place(teapot))

    async def is_asking() -> bool:
        return wire.seen == 1

    assert await eventually(is_asking)
    await resume_orders(shop.app.state.application.store, shop.app.state.application.dispatcher)

    assert wire.seen == 1
    assert (await placing)["status"] == OrderStatus.PENDING
    wire.fault = passing


async def test_a_backlog_is_resumed_at_once(settling: None, shop: Shop, environment: dict[str, str]) -> None:
    """With more orders than one batch, the next batch is resumed without a pause."""
    product = await shop.product(stock=100)
    async with shop.app.state.application.store.transaction() as session:
        for _ in range(2 * AT_ONCE + 1):
            session.add(order := Order(id=new_id(), user_id=new_id(), resume_at=func.now()))
            await session.flush()
            session.add(OrderLine(order_id=order.id, position=0, product_id=UUID(product), quantity=1))

    await resume_orders(shop.app.state.application.store, shop.app.state.application.dispatcher)

    async with shop.app.state.application.store.transaction() as session:
        assert not await session.scalar(select(func.count()).where(Order.resume_at <= func.now()))
    assert await broken_rules(environment) == {}
    assert await shop.stock_of(product) == 100 - 2 * AT_ONCE - 1


async def test_who_resumes_orders_calls_in_the_background(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A resumer's breaker pauses for a second at most, so after an outage no order waits for a minute."""
    used = list[Dispatcher]()

    async def resume_none(_database: Postgres, dispatcher: Dispatcher) -> None:
        used.append(dispatcher)

    async def has_resumed() -> bool:
        # Some belong to another service: there may be a second server.
        return shop.app.state.application.background in used

    monkeypatch.setattr(main, "resume_orders", resume_none)

    assert await eventually(has_resumed)
    assert shop.app.state.application.dispatcher not in used
