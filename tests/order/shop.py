"""A shop: the actions of its customers and its admin, its stock, and the passing of time."""

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import func, select, update

from chassis.core.errors import ServiceUnavailable
from chassis.core.types import new_id
from chassis.dispatch.call import Call
from chassis.dispatch.dispatcher import Dispatcher
from cli.dev.polling import eventually
from order.calls import TAKE_STOCK
from order.models import Order, OrderStatus
from order.services.advance_order import PATIENCE
from order.services.resume_orders import resume_orders
from tests.support.aliases import Bearer, People

ORDERS = "/api/v1/orders"
PRODUCTS = "/api/v1/products"
PRICE = 199.99
STOCK = 5


class Away(Dispatcher):
    """A dispatcher whose peers are down; it counts the calls to each."""

    def __init__(self) -> None:
        self.asked = Counter[str]()

    async def call(self, call: Call[Any, Any], body: Any = None, **options: Any) -> NoReturn:  # noqa: ANN401, ARG002 - as the real one
        """Fail."""
        assert call is TAKE_STOCK
        self.asked[str(body.order_id)] += 1
        raise ServiceUnavailable


@dataclass(frozen=True, slots=True)
class Shop:
    """Services, one customer, and one admin."""

    people: People
    app: FastAPI
    bearer: Bearer
    customer: dict[str, str] = field(init=False)
    admin: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "customer", self.bearer())
        object.__setattr__(self, "admin", self.bearer(role="admin"))

    async def product(self, **differently: object) -> str:
        """Create a product, of 199.99 with 5 in stock unless stated otherwise; returns its id."""
        product = {"name": "Teapot", "price": PRICE, "stock": STOCK} | differently
        answer = await self.people["product"].post(PRODUCTS, json=product, headers=self.admin)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def change_price(self, product_id: str, price: float) -> None:
        """Change its price."""
        path = f"{PRODUCTS}/{product_id}"
        answer = await self.people["product"].patch(path, json={"price": price}, headers=self.admin)
        assert answer.status_code == 200, answer.text

    async def stock_of(self, product_id: str) -> int:
        """Return the stock."""
        return int((await self.people["product"].get(f"{PRODUCTS}/{product_id}")).json()["stock"])

    async def has_stock(self, product_id: str, stock: int) -> bool:
        """Return whether the stock reaches this number soon."""

        async def has() -> bool:
            return await self.stock_of(product_id) == stock

        return await eventually(has)

    async def send(self, body: object, headers: dict[str, str] | None = None, key: str | None = None) -> httpx.Response:
        """Place an order as the customer, or as another person."""
        keyed = {"Idempotency-Key": key} if key else {}
        return await self.people["order"].post(ORDERS, json=body, headers={**(headers or self.customer), **keyed})

    async def place(self, product_id: str, quantity: int = 1, headers: dict[str, str] | None = None) -> dict[str, Any]:
        """Order a product; returns the order, or only its id if it is refused."""
        key = str(new_id())
        wanted = {"product_id": product_id, "quantity": quantity}
        return dict((await self.send(wanted, headers, key)).json())

    async def orders(self) -> list[dict[str, Any]]:
        """Return all orders, newest first."""
        return list((await self.people["order"].get(f"{ORDERS}/all", headers=self.admin)).json()["items"])

    async def only_order(self) -> dict[str, Any]:
        """Return the one order that exists."""
        (order,) = await self.orders()
        return order

    async def read(self, order_id: str) -> dict[str, Any]:
        """Return an order."""
        return dict((await self.people["order"].get(f"{ORDERS}/{order_id}", headers=self.admin)).json())

    async def history(self, order_id: str) -> list[tuple[str, str]]:
        """Return the statuses of an order with their causes."""
        answer = await self.people["order"].get(f"{ORDERS}/{order_id}/history", headers=self.admin)
        return [(step["status"], step["cause"]) for step in answer.json()["items"]]

    async def cancel(self, order_id: str, headers: dict[str, str] | None = None) -> httpx.Response:
        """Cancel an order as the customer, or as another person."""
        return await self.people["order"].post(f"{ORDERS}/{order_id}/cancel", headers=headers or self.customer)

    async def fulfil(self, order_id: str) -> httpx.Response:
        """Fulfil an order."""
        return await self.people["order"].post(f"{ORDERS}/{order_id}/fulfil", headers=self.admin)

    async def becomes(self, order_id: str, status: OrderStatus) -> bool:
        """Return whether an order reaches a status soon, without waiting for its next attempt."""

        async def has() -> bool:
            await self.resume()
            return bool((await self.read(order_id))["status"] == status)

        return await eventually(has)

    async def resume(self) -> None:
        """Resume all pending orders at once."""
        await self.make_due()
        await resume_orders(self.app.state.application.store, self.app.state.application.dispatcher)

    async def make_due(self) -> None:
        """End the lease of every order."""
        async with self.app.state.application.store.transaction() as session:
            pending = update(Order).where(Order.status == OrderStatus.PENDING)
            await session.execute(pending.values(resume_at=func.now()))

    async def settles(self) -> bool:
        """Return whether no order is pending soon."""

        async def is_settled() -> bool:
            await self.resume()
            async with self.app.state.application.store.transaction() as session:
                return not await session.scalar(select(func.count()).where(Order.status == OrderStatus.PENDING))

        return await eventually(is_settled)

    async def lose_patience(self, order_id: str) -> None:
        """Make an order older than the time in which it must be decided."""
        async with self.app.state.application.store.transaction() as session:
            placed = func.now() - PATIENCE
            await session.execute(update(Order).where(Order.id == UUID(order_id)).values(created_at=placed))


def declare_take_stock(monkeypatch: pytest.MonkeyPatch, **changes: Any) -> None:  # noqa: ANN401 - fields of a call
    """Replace the declared call of the saga, as with ``timeout_s=0.5``."""
    monkeypatch.setattr("order.services.advance_order.TAKE_STOCK", replace(TAKE_STOCK, **changes))
