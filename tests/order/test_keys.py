from typing import Any

import pytest
from sqlalchemy import func, select

from chassis.core.json import dumps
from chassis.core.types import new_id
from chassis.dispatch.call import Call
from chassis.dispatch.errors import Refusal, RemoteError
from chassis.dispatch.transport import Answer
from chassis.idempotency.key import KeyedRequest
from order.models import Base, OrderStatus
from tests.order.shop import ORDERS, STOCK, Shop
from tests.support.databases import bystanders
from tests.support.fault_proxy import Fault, FaultProxy, losing, passing
from tests.support.having import having


async def test_a_key_whose_first_statement_is_under_way_is_in_flight(shop: Shop, teapot: str) -> None:
    """The second request is refused at once and stores nothing; other keys of the same person are free."""
    key, other = str(new_id()), str(new_id())
    wanted = {"product_id": teapot, "quantity": 1}
    customer = (await shop.send(wanted, key=other)).json()["user_id"]
    request = KeyedRequest(f"user:{customer}", f"POST {ORDERS}", key, b"")

    async with shop.app.state.application.store.transaction() as session:
        await session.execute(select(func.pg_advisory_xact_lock(request.lock)))
        async with bystanders(shop.app.state.application.store, Base.metadata):
            answer = await shop.send(wanted, key=key)
            replayed = await shop.send(wanted, key=other)

    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (409, "in_flight", "1")
    assert (replayed.status_code, replayed.headers["idempotent-replayed"]) == (201, "true")
    assert (await shop.send(wanted, key=key)).status_code == 201
    assert await shop.stock_of(teapot) == STOCK - 2


async def test_a_key_of_another_order_is_refused(shop: Shop, teapot: str) -> None:
    """Another body under the key of an existing order stores nothing."""
    key = str(new_id())
    await shop.send({"product_id": teapot, "quantity": 1}, key=key)

    async with bystanders(shop.app.state.application.store, Base.metadata):
        answer = await shop.send({"product_id": teapot, "quantity": 2}, key=key)

    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert await shop.stock_of(teapot) == STOCK - 1


@pytest.mark.parametrize("end", [OrderStatus.CANCELLED, OrderStatus.FULFILLED])
@pytest.mark.parametrize("fault", [passing, losing], ids=["answered", "pending"])
async def test_the_end_of_an_order_does_not_change_the_answer_of_its_key(
    shop: Shop, wire: FaultProxy, teapot: str, fault: Fault, end: OrderStatus, request: pytest.FixtureRequest
) -> None:
    """A confirmed order that ends is answered as it was confirmed, also if a resumer confirmed it; nothing changes."""
    if fault is losing:
        request.getfixturevalue("impatient")
    key, wanted = str(new_id()), {"product_id": teapot, "quantity": 2}
    wire.fault = fault
    first = await shop.send(wanted, key=key)
    wire.fault = passing
    assert await shop.becomes(first.json()["id"], OrderStatus.CONFIRMED)
    confirmed = await shop.read(first.json()["id"])
    assert (await {"cancelled": shop.cancel, "fulfilled": shop.fulfil}[end](confirmed["id"])).status_code == 200

    async with bystanders(shop.app.state.application.store, Base.metadata):
        second, third = [await shop.send(wanted, key=key) for _ in range(2)]

    assert {(one.status_code, one.headers["idempotent-replayed"]) for one in (second, third)} == {(201, "true")}
    assert second.json() == confirmed
    assert second.text == third.text
    assert fault is losing or (second.text, second.headers["location"]) == (first.text, first.headers["location"])


class Refusing:
    """A dispatcher whose calls are refused with a 409."""

    def __init__(self, code: str) -> None:
        self._code = code

    async def call(self, call: Call[Any, Any], *_arguments: object, **_options: object) -> None:
        """Refuse."""
        raise RemoteError(call.service, Refusal(Answer(409, {}, dumps({"code": self._code, "detail": "No."}))))


REFUSALS = {
    "reservation_closed": (409, (OrderStatus.EXPIRED, "reservation_closed")),
    "reservation_differs": (202, (OrderStatus.PENDING, "placed")),
    "forbidden": (202, (OrderStatus.PENDING, "placed")),
}
"""Code of the refusal -> the answer's status, and the stored status."""


@pytest.mark.usefixtures("settling", "unresumed")
@pytest.mark.parametrize("code", REFUSALS)
async def test_a_refusal_concerns_one_order(shop: Shop, teapot: str, code: str) -> None:
    """A closed reservation ends its order; after a refusal that is not of the stock, the order waits."""
    status, stored = REFUSALS[code]
    other = await shop.place(teapot)

    with having(shop.app, dispatcher=Refusing(code)):
        async with bystanders(shop.app.state.application.store, Base.metadata) as involved:
            answer = await shop.send({"product_id": teapot, "quantity": 1})
            (order,) = [one for one in await shop.orders() if one["id"] != other["id"]]
            involved.add(order["id"])

    assert answer.status_code == status
    assert (order["status"], order["cause"]) == stored
    assert (order["total_price"], order["items"][0]["unit_price"]) == (None, None)
