from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from sqlalchemy import select

from chassis.core.types import new_id
from order.models import Base, Order, OrderTransition
from tests.order.shop import ORDERS, STOCK, Shop
from tests.support.databases import bystanders
from tests.support.lossy import losing_answers


async def stored(app: FastAPI, order_id: str) -> tuple[str, list[str]]:
    """Return the stored status of an order, and its history."""
    async with app.state.application.store.transaction() as session:
        status = await session.scalar(select(Order.status).where(Order.id == UUID(order_id)))
        had = select(OrderTransition.status).where(OrderTransition.order_id == UUID(order_id))
        return status, list((await session.scalars(had.order_by(OrderTransition.at))).all())


@pytest.mark.parametrize(("act", "status"), [("cancel", "cancelled"), ("fulfil", "fulfilled")])
async def test_what_is_done_to_an_order_is_done_once(
    shop: Shop, teapot: str, environment: dict[str, str], act: str, status: str
) -> None:
    """Sent three times with one key because the answers are lost, an action counts once; the other order stays."""
    order, _other = await shop.place(teapot), await shop.place(teapot)
    token, key = shop.admin["Authorization"].removeprefix("Bearer "), str(new_id())

    async with (
        bystanders(shop.app.state.application.store, Base.metadata, order["id"]),
        losing_answers(environment, "order") as dispatcher,
    ):
        answer = await dispatcher.send(
            "order", "POST", f"{ORDERS}/{order['id']}/{act}", idempotency_key=key, bearer=token
        )

    assert answer.headers["idempotent-replayed"] == "true"
    assert await stored(shop.app, order["id"]) == (status, ["pending", "confirmed", status])


async def test_an_order_whose_answers_are_lost_is_placed_once(
    shop: Shop, teapot: str, environment: dict[str, str]
) -> None:
    """Sent three times with one key, it is one order; another person's stays unchanged."""
    await shop.place(teapot, headers=shop.bearer())
    token, key = shop.customer["Authorization"].removeprefix("Bearer "), str(new_id())
    wanted = {"product_id": teapot, "quantity": 2}

    async with (
        bystanders(shop.app.state.application.store, Base.metadata) as involved,
        losing_answers(environment, "order") as dispatcher,
    ):
        placed: dict[str, Any] = (
            await dispatcher.send("order", "POST", ORDERS, json=wanted, idempotency_key=key, bearer=token, timeout=20)
        ).json()
        involved.add(placed["id"])

    assert await stored(shop.app, placed["id"]) == ("confirmed", ["pending", "confirmed"])
    assert await shop.stock_of(teapot) == STOCK - 3
