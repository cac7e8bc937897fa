from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI

from chassis.application import own_part
from chassis.core import deadline
from chassis.core.errors import ServiceUnavailable
from gateway.caller import Caller
from gateway.calls import READ_ORDER
from gateway.graphql import following, order_feed
from gateway.graphql.order_feed import OrderFeed
from gateway.graphql.schema import SCHEMA
from gateway.parts import Parts
from gateway.schemas.orders import OrderRead
from order.services import list_changes
from tests.gateway.asking import Asking, CountingDispatcher
from tests.gateway.orders.test_orders import PLACE, add_product
from tests.support.aliases import Bearer, MakeUser, People

FOLLOW = "subscription ($id: UUID!) { orderChanged(id: $id) { id status } }"


@pytest.fixture
def ask(counting: CountingDispatcher, apps: dict[str, FastAPI], monkeypatch: pytest.MonkeyPatch) -> Asking:
    """
    Executes documents as people, with the feed of the running gateway.

    Only the feed lets an order be read again: without it, a follower waits for an hour.
    """
    monkeypatch.setattr(order_feed, "LONGEST_PAUSE_S", 3600.0)
    monkeypatch.setattr(list_changes, "WAIT_S", 0.1)  # so that the service is quiet soon after the test
    return Asking(counting, own_part(apps["gateway"], Parts))


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a feed, read an order again at once."""
    monkeypatch.setattr(order_feed, "LONGEST_PAUSE_S", 0.001)


async def follow(ask: Asking, headers: dict[str, str], order_id: str) -> AsyncGenerator[Any, None]:
    """Follow an order."""
    return await SCHEMA.subscribe(FOLLOW, variable_values={"id": order_id}, context_value=ask.context(headers))


async def status_of(changes: AsyncGenerator[Any, None]) -> str:
    """Return the next status."""
    return str((await anext(changes)).data["orderChanged"]["status"])


async def place(ask: Asking, headers: dict[str, str], people: People, bearer: Bearer) -> str:
    """Place an order; returns its id."""
    teapot = await add_product(people, bearer)
    return str((await ask(PLACE, headers, items=[{"productId": teapot, "quantity": 1}])).data["placeOrder"]["id"])


async def test_an_order_is_followed_to_its_end(
    ask: Asking, make_user: MakeUser, bearer: Bearer, people: People
) -> None:
    """As it is, then after each change; longer than the deadline of the request."""
    ada = bearer(await make_user("ada"))
    order = await place(ask, ada, people, bearer)
    deadline.start(0.001)

    async with aclosing(await follow(ask, ada, order)) as changes:
        seen = [await status_of(changes)]
        await people["order"].post(f"/api/v1/orders/{order}/cancel", headers=ada)
        seen += [change.data["orderChanged"]["status"] async for change in changes]

    assert seen == ["CONFIRMED", "CANCELLED"]


async def test_a_change_is_read_by_those_who_follow_the_order(
    ask: Asking, make_user: MakeUser, bearer: Bearer, people: People, root: dict[str, str]
) -> None:
    """Two people see it, each by a read with the own token. The follower of another order reads nothing."""
    ada, bob = bearer(await make_user("ada")), bearer(await make_user("bob"))
    order, other = await place(ask, ada, people, bearer), await place(ask, bob, people, bearer)

    async with (
        aclosing(await follow(ask, ada, order)) as hers,
        aclosing(await follow(ask, root, order)) as admins,
        aclosing(await follow(ask, bob, other)) as his,
    ):
        assert [await status_of(one) for one in (hers, admins, his)] == ["CONFIRMED"] * 3
        await people["order"].post(f"/api/v1/orders/{order}/fulfil", headers=root)
        seen = [await status_of(hers), await status_of(admins)]

    assert seen == ["FULFILLED"] * 2
    assert ask.dispatcher.calls.count(READ_ORDER) == 5


async def test_while_the_feed_fails_a_follower_reads_again_and_again(
    ask: Asking, make_user: MakeUser, bearer: Bearer, people: People, impatient: None
) -> None:
    """Nothing asks what has changed, and the change is found all the same."""
    ada = bearer(await make_user("ada"))
    order = await place(ask, ada, people, bearer)
    without_feed = replace(ask, parts=replace(ask.parts, feed=OrderFeed()))

    async with aclosing(await follow(without_feed, ada, order)) as changes:
        first = await status_of(changes)
        await people["order"].post(f"/api/v1/orders/{order}/cancel", headers=ada)
        second = await status_of(changes)

    assert (first, second) == ("CONFIRMED", "CANCELLED")


async def test_a_stream_outlives_the_order_service(
    ask: Asking,
    make_user: MakeUser,
    bearer: Bearer,
    people: People,
    impatient: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A read that fails for want of the service is repeated; the subscriber sees what has changed meanwhile."""
    ada = bearer(await make_user("ada"))
    order = await place(ask, ada, people, bearer)
    call, outage = ask.dispatcher.dispatcher.call, iter([True, True])

    async def call_or_fail(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - as the real one
        if next(outage, False):
            raise ServiceUnavailable
        return await call(*arguments, **options)

    async with aclosing(await follow(ask, ada, order)) as changes:
        first = await status_of(changes)
        await people["order"].post(f"/api/v1/orders/{order}/cancel", headers=ada)
        monkeypatch.setattr(ask.dispatcher.dispatcher, "call", call_or_fail)
        second = await status_of(changes)

    assert (first, second, next(outage, None)) == ("CONFIRMED", "CANCELLED", None)


async def test_an_order_whose_subscriber_has_left_is_not_read_again(
    ask: Asking, make_user: MakeUser, bearer: Bearer, people: People
) -> None:
    """When the stream is closed, so is what reads the order."""
    ada = bearer(await make_user("ada"))
    order = await place(ask, ada, people, bearer)
    closed = list[str]()

    async def follow_watched(caller: Caller, feed: OrderFeed, order_id: UUID) -> AsyncGenerator[OrderRead, None]:
        try:
            async for one in following.follow_order(caller, feed, order_id):
                yield one
        finally:
            closed.append(str(order_id))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gateway.graphql.types.orders.follow_order", follow_watched)
        async with aclosing(await follow(ask, ada, order)) as changes:
            await anext(changes)

    assert closed == [order]


async def test_another_persons_order_is_not_followed(
    ask: Asking, make_user: MakeUser, bearer: Bearer, people: People
) -> None:
    """The order service refuses, and the stream ends."""
    ada, bob = bearer(await make_user("ada")), bearer(await make_user("bob"))
    order = await place(ask, ada, people, bearer)

    async with aclosing(await follow(ask, bob, order)) as changes:
        answers = [answer async for answer in changes]

    assert [answer.errors[0].extensions["code"] for answer in answers] == ["order_not_found"]
