from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any
from uuid import UUID

import pytest

from chassis.core import deadline
from gateway.caller import Caller
from gateway.graphql import following
from gateway.graphql.schema import SCHEMA
from gateway.schemas.orders import OrderRead
from tests.gateway.asking import Asking
from tests.gateway.orders.test_orders import PLACE, add_product
from tests.support.aliases import Bearer, MakeUser, People

FOLLOW = "subscription ($id: UUID!) { orderChanged(id: $id) { id status } }"


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read an order again at once."""
    monkeypatch.setattr(following, "FIRST_PAUSE_S", 0.001)


async def follow(ask: Asking, headers: dict[str, str], order_id: str) -> AsyncGenerator[Any, None]:
    """Follow an order."""
    return await SCHEMA.subscribe(FOLLOW, variable_values={"id": order_id}, context_value=ask.context(headers))


async def test_an_order_is_followed_to_its_end(
    ask: Asking, make_user: MakeUser, bearer: Bearer, people: People, quick: None
) -> None:
    """As it is, then after each change; longer than the deadline of the request."""
    ada, teapot = bearer(await make_user("ada")), await add_product(people, bearer)
    order = (await ask(PLACE, ada, items=[{"productId": teapot, "quantity": 1}])).data["placeOrder"]
    deadline.start(0.001)

    async with aclosing(await follow(ask, ada, order["id"])) as changes:
        seen = [(await anext(changes)).data["orderChanged"]["status"]]
        await people["order"].post(f"/api/v1/orders/{order['id']}/cancel", headers=ada)
        seen += [change.data["orderChanged"]["status"] async for change in changes]

    assert seen == ["CONFIRMED", "CANCELLED"]


async def test_an_order_whose_subscriber_has_left_is_not_read_again(
    ask: Asking, make_user: MakeUser, bearer: Bearer, people: People, quick: None
) -> None:
    """When the stream is closed, so is what reads the order."""
    ada, teapot = bearer(await make_user("ada")), await add_product(people, bearer)
    order = (await ask(PLACE, ada, items=[{"productId": teapot, "quantity": 1}])).data["placeOrder"]
    closed = list[str]()

    async def follow_watched(caller: Caller, order_id: UUID) -> AsyncGenerator[OrderRead, None]:
        try:
            async for one in following.follow_order(caller, order_id):
                yield one
        finally:
            closed.append(str(order_id))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gateway.graphql.types.orders.follow_order", follow_watched)
        async with aclosing(await follow(ask, ada, order["id"])) as changes:
            await anext(changes)

    assert closed == [order["id"]]


async def test_another_persons_order_is_not_followed(
    ask: Asking, make_user: MakeUser, bearer: Bearer, people: People
) -> None:
    """The order service refuses, and the stream ends."""
    ada, bob, teapot = bearer(await make_user("ada")), bearer(await make_user("bob")), await add_product(people, bearer)
    order = (await ask(PLACE, ada, items=[{"productId": teapot, "quantity": 1}])).data["placeOrder"]

    async with aclosing(await follow(ask, bob, order["id"])) as changes:
        answers = [answer async for answer in changes]

    assert [answer.errors[0].extensions["code"] for answer in answers] == ["order_not_found"]
