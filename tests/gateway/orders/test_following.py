from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import pytest

from chassis.core import deadline
from gateway.graphql import following
from gateway.graphql.schema import SCHEMA
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
    assert following._following == set()  # noqa: SLF001 - how many are followed


async def test_a_subscriber_that_leaves_is_forgotten(
    ask: Asking, make_user: MakeUser, bearer: Bearer, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While as many as may be are following, another one is refused; then it is not."""
    monkeypatch.setattr(following, "MOST", 1)
    ada, teapot = bearer(await make_user("ada")), await add_product(people, bearer)
    order = (await ask(PLACE, ada, items=[{"productId": teapot, "quantity": 1}])).data["placeOrder"]

    async with aclosing(await follow(ask, ada, order["id"])) as first:
        await anext(first)
        async with aclosing(await follow(ask, ada, order["id"])) as second:
            refused = await anext(second)
    async with aclosing(await follow(ask, ada, order["id"])) as third:
        admitted = await anext(third)

    assert refused.data is None or refused.data["orderChanged"] is None
    assert refused.errors[0].extensions["code"] == "too_many_subscriptions"
    assert admitted.data["orderChanged"]["status"] == "CONFIRMED"


async def test_another_persons_order_is_not_followed(
    ask: Asking, make_user: MakeUser, bearer: Bearer, people: People
) -> None:
    """The order service refuses, and the stream ends."""
    ada, bob, teapot = bearer(await make_user("ada")), bearer(await make_user("bob")), await add_product(people, bearer)
    order = (await ask(PLACE, ada, items=[{"productId": teapot, "quantity": 1}])).data["placeOrder"]

    async with aclosing(await follow(ask, bob, order["id"])) as changes:
        answers = [answer async for answer in changes]

    assert [answer.errors[0].extensions["code"] for answer in answers] == ["order_not_found"]
