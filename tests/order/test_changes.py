"""The changes of all orders, as other services follow them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from datetime import datetime, timedelta
from itertools import count
from uuid import UUID

import pytest
from pydantic import SecretStr
from sqlalchemy import func, update

from chassis.core.types import new_id
from chassis.postgres.database import Postgres
from order.models import Order, OrderStatus, OrderTransition
from order.schemas import Changes
from order.services.list_changes import list_changes

SECOND = timedelta(seconds=1)
CONFIRMED, CANCELLED = OrderStatus.CONFIRMED, OrderStatus.CANCELLED
Sleep = Callable[[float], Awaitable[None]]


@pytest.fixture
async def database(environment: dict[str, str], clean: None) -> AsyncIterator[Postgres]:
    """The order service's database, over one connection: no one else gets it while it is in use."""
    database = Postgres(SecretStr(environment["ORDER_DATABASE_URL"]), "order", pool_size=1)
    await database.open()
    async with aclosing(_Closing(database)):
        yield database


class _Closing:
    def __init__(self, database: Postgres) -> None:
        self.aclose = database.close


async def come_to(
    database: Postgres, status: OrderStatus, ago: timedelta = SECOND, order_id: UUID | None = None
) -> UUID:
    """Store a transition of an order, by default of a new one."""
    if order_id is None:
        order_id = new_id()
        async with database.transaction() as session:
            session.add(Order(id=order_id, user_id=new_id(), status="expired", cause="x"))
    async with database.transaction() as session:
        session.add(OrderTransition(order_id=order_id, status=status, cause="x", at=func.now() - ago))
    return order_id


async def listed(
    database: Postgres, since: datetime | None = None, sleep: Sleep | None = None, *, again: bool = False
) -> Changes:
    """List the changes; each look at the clock is two seconds later, and without *sleep* there is no pause."""

    async def go_on(_seconds: float) -> None:
        pass

    clock = count(step=2).__next__
    return await list_changes(database, since, lambda: False, again=again, sleep=sleep or go_on, clock=clock)


def pairs(found: Changes) -> list[tuple[UUID, str]]:
    """Return the orders with their statuses."""
    return [(one.order_id, one.status) for one in found.changes]


async def test_a_reader_begins_fifteen_seconds_ago(database: Postgres) -> None:
    """Without a time, the last 15 s are listed at once, the oldest first; then only what comes after them."""
    await come_to(database, CONFIRMED, 18 * SECOND)
    second = await come_to(database, CONFIRMED, SECOND)
    first = await come_to(database, CONFIRMED, 8 * SECOND)

    begun = await listed(database)
    await come_to(database, CANCELLED, SECOND / 2, first)
    then = await listed(database, begun.until)

    assert pairs(begun) == [(first, CONFIRMED), (second, CONFIRMED)]
    assert pairs(then) == [(first, CANCELLED)]


async def test_a_change_that_comes_meanwhile_ends_the_waiting(database: Postgres) -> None:
    """While it waits it has no connection: the change is stored over the only one."""
    pauses, orders = list[float](), list[UUID]()

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        orders.append(await come_to(database, CONFIRMED))

    found = await listed(database, sleep=sleep)

    assert pairs(found) == [(orders[0], CONFIRMED)]
    assert pauses == [0.025]


async def test_without_a_change_it_waits_for_five_seconds(database: Postgres) -> None:
    """The answer has the time of the request: with it the next one misses nothing."""
    last = await listed(database, (await listed(database)).until)
    again = await listed(database, last.until)

    assert (last.changes, again.until) == ([], last.until)


async def test_a_change_that_is_not_old_enough_is_held_back(database: Postgres) -> None:
    """An earlier one may be committed after it. It is neither listed nor skipped."""
    order = await come_to(database, CONFIRMED, 2 * SECOND)
    await come_to(database, CANCELLED, -60 * SECOND, order)

    first = await listed(database)
    late = await come_to(database, CONFIRMED, SECOND)
    async with database.transaction() as session:
        aged = update(OrderTransition).where(OrderTransition.status == CANCELLED)
        await session.execute(aged.values(at=func.now() - SECOND / 2))
    second = await listed(database, first.until)

    assert pairs(first) == [(order, CONFIRMED)]
    assert pairs(second) == [(late, CONFIRMED), (order, CANCELLED)]


async def test_what_was_committed_late_is_found_again(database: Postgres) -> None:
    """A transition that is older than one that was listed is in the last 15 s; changes before them are no gap."""
    old, first = await come_to(database, CONFIRMED, 60 * SECOND), await come_to(database, CONFIRMED, SECOND)
    begun = await listed(database)
    late = await come_to(database, CONFIRMED, 2 * SECOND)

    then = await listed(database, begun.until)
    again = await listed(database, begun.until, again=True)
    all_of_them = await listed(database, begun.until - 120 * SECOND, again=True)

    assert [pairs(one) for one in (begun, then)] == [[(first, CONFIRMED)], []]
    assert pairs(again) == [(late, CONFIRMED), (first, CONFIRMED)]
    assert pairs(all_of_them) == [(old, CONFIRMED), *pairs(again)]


async def test_an_answer_is_bounded_and_splits_no_moment(database: Postgres) -> None:
    """It has 500 changes, and those of the same time as the last one; the next answer goes on after them."""
    async with database.transaction() as session:
        moments = [now := func.now() - 2 * SECOND] * 2 + [now + SECOND / 2] * 500 + [now + SECOND]
        orders = [Order(id=new_id(), user_id=new_id(), status="expired", cause="x") for _ in moments]
        session.add_all(orders)
        await session.flush()
        session.add_all(
            OrderTransition(order_id=order.id, status=CONFIRMED, cause="x", at=at)
            for order, at in zip(orders, moments, strict=True)
        )

    first = await listed(database)
    second = await listed(database, first.until)

    assert {one.order_id for one in first.changes} == {order.id for order in orders[:-1]}
    assert pairs(second) == [(orders[-1].id, CONFIRMED)]
