import asyncio
from collections import Counter
from collections.abc import Awaitable, Iterable
from contextlib import suppress
from typing import Any
from uuid import UUID

from chassis.core.types import new_id
from chassis.dispatch.errors import RemoteError
from chassis.postgres.database import Postgres
from product.errors import ReservationClosed
from product.services.commit_reservation import commit_reservation
from tests.product.aliases import MakeProduct
from tests.product.orders import Orders, expire, let_time_pass, stock_of

AT_ONCE = 20
"""Requests in flight: twice as many as the service has connections."""


async def outcomes(requests: Iterable[Awaitable[dict[str, Any]]]) -> Counter[str]:
    """Send requests concurrently; returns how often each state or code was answered."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def outcome(request: Awaitable[dict[str, Any]]) -> str:
        async with turns:
            try:
                return str((await request)["state"])
            except RemoteError as error:
                return error.remote_code

    return Counter(await asyncio.gather(*map(outcome, requests)))


async def test_no_unit_is_sold_twice(orders: Orders, make_product: MakeProduct, database: Postgres) -> None:
    """Of 200 orders for one of 10 units, exactly 10 succeed."""
    pot = await make_product(stock=10)

    seen = await outcomes(orders.reserve(new_id(), **{pot["id"]: 1}) for _ in range(200))

    assert seen == {"reserved": 10, "insufficient_stock": 190}
    assert await stock_of(database, pot["id"]) == 0


async def test_orders_for_the_same_products_never_deadlock(
    orders: Orders, make_product: MakeProduct, database: Postgres
) -> None:
    """Half of the orders name the two products in the reverse order; all succeed."""
    one, two = [(await make_product(stock=100))["id"] for _ in range(2)]
    ways = [{one: 1, two: 1}, {two: 1, one: 1}]

    seen = await outcomes(orders.reserve(new_id(), **ways[number % 2]) for number in range(60))

    assert seen == {"reserved": 60}
    assert [await stock_of(database, product) for product in (one, two)] == [40, 40]


async def test_an_order_that_asks_many_times_at_once_reserves_once(
    orders: Orders, make_product: MakeProduct, database: Postgres
) -> None:
    """All requests get the same answer, and the units of one reservation are taken."""
    pot = await make_product()
    order_id = new_id()

    answers = await asyncio.gather(*(orders.reserve(order_id, **{pot["id"]: 2}) for _ in range(AT_ONCE)))

    assert answers == answers[:1] * AT_ONCE
    assert await stock_of(database, pot["id"]) == 3


async def test_of_a_commit_and_an_expiry_one_wins(
    orders: Orders, make_product: MakeProduct, database: Postgres
) -> None:
    """When commits meet the time limit and several sweepers, units are returned exactly if no commit has won."""
    pot = await make_product(stock=30)
    order_ids = [new_id() for _ in range(30)]
    await asyncio.gather(*(orders.reserve(order_id, **{pot["id"]: 1}) for order_id in order_ids))

    async def end(order_id: UUID) -> None:
        await let_time_pass(database, order_id)
        await expire(database)

    async def commit(order_id: UUID) -> None:
        with suppress(ReservationClosed):
            await commit_reservation(database, order_id)

    await asyncio.gather(*(act(order_id) for order_id in order_ids for act in (end, commit)))

    states = Counter([(await orders.read(order_id))["state"] for order_id in order_ids])
    assert states["committed"] + states["expired"] == 30
    assert await stock_of(database, pot["id"]) == states["expired"]


async def test_a_release_and_a_reserve_at_once_leave_nothing_reserved(
    orders: Orders, make_product: MakeProduct, database: Postgres
) -> None:
    """Whichever comes first, the order ends released and the stock complete."""
    pot = await make_product(stock=30)
    order_ids = [new_id() for _ in range(30)]

    await outcomes(
        request
        for order_id in order_ids
        for request in (orders.reserve(order_id, **{pot["id"]: 1}), orders.release(order_id))
    )

    assert {(await orders.read(order_id))["state"] for order_id in order_ids} == {"released"}
    assert await stock_of(database, pot["id"]) == 30
