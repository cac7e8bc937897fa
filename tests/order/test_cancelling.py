import asyncio

import pytest
from fastapi import FastAPI
from sqlalchemy import select

from chassis.core.types import new_id
from cli.dev.polling import eventually
from order.models import OrderStatus
from product.models import Reservation
from tests.order.shop import STOCK, Shop
from tests.support.consistency import broken_rules
from tests.support.fault_proxy import Exchange, FaultProxy, passing


async def cancel(shop: Shop) -> None:
    """Cancel the order under way."""
    order = await shop.only_order()
    assert (await shop.cancel(order["id"])).json()["status"] == OrderStatus.CANCELLED


@pytest.mark.parametrize("when", ["before", "after"])
async def test_an_order_can_be_cancelled_while_its_stock_is_taken(
    shop: Shop, wire: FaultProxy, teapot: str, environment: dict[str, str], when: str
) -> None:
    """Cancelled before or after product took it, an order holds no stock, and all services agree."""

    async def cancelling(exchange: Exchange) -> None:
        if when == "before":
            await cancel(shop)
        answer = await exchange.forward()
        if when == "after":
            await cancel(shop)
        await exchange.answer(answer)

    wire.fault = cancelling

    key, wanted = str(new_id()), {"product_id": teapot, "quantity": 2}
    answer = await shop.send(wanted, key=key)
    again = await shop.send(wanted, key=key)

    assert (answer.status_code, answer.json()["code"]) == (409, "order_cancelled")
    assert again.json() | {"request_id": ""} == answer.json() | {"request_id": ""}
    assert await shop.history((await shop.only_order())["id"]) == [
        ("pending", "placed"),
        ("cancelled", "cancelled_by_customer"),
    ]
    assert await shop.has_stock(teapot, STOCK)
    assert await broken_rules(environment) == {}


async def test_a_reserve_that_comes_after_the_cancellation_is_refused(
    shop: Shop, wire: FaultProxy, teapot: str, apps: dict[str, FastAPI], environment: dict[str, str]
) -> None:
    """Product receives the cancellation first, and so refuses the reserve that comes after it."""

    async def is_buried() -> bool:
        async with apps["product"].state.application.store.transaction() as session:
            return bool(await session.scalar(select(Reservation.state)) == "released")

    async def overtaken(exchange: Exchange) -> None:
        await cancel(shop)
        assert await eventually(is_buried)
        await passing(exchange)

    wire.fault = overtaken

    answer = await shop.send({"product_id": teapot, "quantity": 2})

    assert (answer.status_code, answer.json()["code"]) == (409, "order_cancelled")
    assert (await shop.only_order())["status"] == OrderStatus.CANCELLED
    assert await shop.stock_of(teapot) == STOCK
    assert await broken_rules(environment) == {}


@pytest.mark.parametrize("turn", range(4))
async def test_whoever_wins_a_race_with_a_cancellation_all_agree(
    shop: Shop, wire: FaultProxy, teapot: str, environment: dict[str, str], turn: int
) -> None:
    """An order is either cancelled, or confirmed first and then cancelled; no other outcome is visible."""
    placing = asyncio.create_task(shop.send({"product_id": teapot, "quantity": 2}))

    async def is_there() -> bool:
        return wire.seen >= turn % 2

    assert await eventually(is_there)
    orders = (await shop.people["order"].get("/api/v1/orders", headers=shop.customer)).json()["items"]
    cancelled = [(await shop.cancel(order["id"])).status_code for order in orders]
    answer = await placing

    status = (await shop.only_order())["status"]
    assert answer.status_code in ({201, 409} if cancelled else {201})
    assert status == (OrderStatus.CANCELLED if cancelled else OrderStatus.CONFIRMED)
    assert await shop.has_stock(teapot, STOCK if cancelled else STOCK - 2)
    assert await broken_rules(environment) == {}
