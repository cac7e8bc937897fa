from datetime import timedelta
from typing import Any, Literal

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.core.types import new_id
from chassis.dispatch.dispatcher import Dispatcher
from chassis.postgres import tables
from order.models import Order, OrderLine, OrderStatus, OrderTransition
from tests.order.shop import STOCK, Shop
from tests.support.aliases import Bearer
from tests.support.consistency import broken_rules

Action = Literal["cancel", "fulfil"]
CANCELLED, CONFIRMED, FULFILLED, PENDING = (
    OrderStatus.CANCELLED,
    OrderStatus.CONFIRMED,
    OrderStatus.FULFILLED,
    OrderStatus.PENDING,
)
WELL = {
    ("cancel", PENDING): CANCELLED,
    ("cancel", CONFIRMED): CANCELLED,
    ("cancel", CANCELLED): CANCELLED,
    ("fulfil", CONFIRMED): FULFILLED,
    ("fulfil", FULFILLED): FULFILLED,
}
"""(action, status) -> status afterwards; every other pair is a conflict, and changes nothing."""
PAIRS = [(action, status) for action in ("cancel", "fulfil") for status in OrderStatus]


async def store_order(session: AsyncSession, status: OrderStatus) -> Order:
    """Store an order of a person with this status, which no worker claims."""
    reserved = {"total_price_minor": 100, "currency": "EUR"} if status in {CONFIRMED, FULFILLED} else {}
    waits = {"resume_at": func.now() + timedelta(hours=1)} if status == PENDING else {}
    order = Order(id=new_id(), user_id=new_id(), status=status, cause="stored", **reserved, **waits)
    session.add(order)
    await session.flush()
    session.add(OrderTransition(order_id=order.id, status=status, cause="stored"))
    session.add(OrderLine(order_id=order.id, position=0, product_id=new_id(), quantity=1, unit_price_minor=100))
    return order


@pytest.mark.parametrize(("action", "status"), PAIRS)
async def test_every_action_on_every_status_is_defined(shop: Shop, action: Action, status: OrderStatus) -> None:
    """An action leads to the next status, or is a conflict that names the present one."""
    async with shop.app.state.application.store.transaction() as session:
        order_id = str((await store_order(session, status)).id)

    act = {"cancel": shop.cancel(order_id, shop.admin), "fulfil": shop.fulfil(order_id)}
    answer = await act.pop(action)
    next(iter(act.values())).close()

    after = WELL.get((action, status))
    told = answer.json()["status" if after else "code"]
    assert (answer.status_code, told) == ((200, after) if after else (409, "order_status"))
    assert (await shop.read(order_id))["status"] == (after or status)


@pytest.mark.parametrize("action", ["cancel", "fulfil"])
async def test_an_action_that_comes_twice_counts_once(shop: Shop, teapot: str, action: Action) -> None:
    """The second answer equals the first, and nothing is published or recorded again."""
    order_id = (await shop.place(teapot))["id"]
    acts = [shop.cancel(order_id) if action == "cancel" else shop.fulfil(order_id) for _ in range(2)]

    first, second = [(await act).json() for act in acts]

    assert first == second
    assert len(await shop.history(order_id)) == 3


async def test_what_is_cancelled_gives_its_stock_back_once(
    shop: Shop, teapot: str, environment: dict[str, str]
) -> None:
    """The stock is released once, however often the order is cancelled; product and analytics receive it."""
    order = await shop.place(teapot, 2)

    for _ in range(3):
        assert (await shop.cancel(order["id"])).status_code == 200

    assert await shop.has_stock(teapot, STOCK)
    assert await broken_rules(environment) == {}


async def test_what_has_left_the_house_does_not_come_back(
    shop: Shop, teapot: str, apps: dict[str, Any], environment: dict[str, str]
) -> None:
    """When product has marked an order as fulfilled, a release returns nothing."""
    order = await shop.place(teapot, 2)
    await shop.fulfil(order["id"])
    assert await broken_rules(environment) == {}
    dispatcher: Dispatcher = apps["order"].state.application.dispatcher

    path = f"/api/v1/reservations/{order['id']}/release"
    released = (await dispatcher.send("product", "POST", path, json={}, idempotency_key=str(new_id()))).json()

    assert released["state"] == "fulfilled"
    assert await shop.stock_of(teapot) == STOCK - 2


async def test_others_can_do_nothing_with_an_order(shop: Shop, teapot: str, bearer: Bearer) -> None:
    """Cancelling another person's order is a 404; fulfilling requires an admin."""
    order_id = (await shop.place(teapot))["id"]

    cancelled = await shop.cancel(order_id, bearer())
    fulfilled = await shop.people["order"].post(f"/api/v1/orders/{order_id}/fulfil", headers=shop.customer)

    assert (cancelled.status_code, cancelled.json()["code"]) == (404, "order_not_found")
    assert (fulfilled.status_code, fulfilled.json()["code"]) == (403, "forbidden")
    assert (await shop.read(order_id))["status"] == CONFIRMED


async def test_a_change_that_is_not_announced_is_not_made(
    shop: Shop, teapot: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The event and the status are written in one transaction."""
    order_id = (await shop.place(teapot))["id"]
    monkeypatch.setattr("chassis.messaging.outbox.MOST_BYTES", 0)

    answer = await shop.cancel(order_id)

    monkeypatch.undo()
    assert answer.status_code == 500
    assert (await shop.read(order_id))["status"] == CONFIRMED
    async with shop.app.state.application.store.transaction() as session:
        waiting = await session.scalar(
            select(func.count()).select_from(tables.outbox).where(tables.outbox.c.message.contains("order.cancelled"))
        )
    assert waiting == 0
