from datetime import timedelta
from functools import partial

import pytest
from fastapi import FastAPI
from prometheus_client import REGISTRY
from sqlalchemy import func

from chassis.core.types import new_id
from chassis.postgres.database import Postgres
from chassis.postgres.statements import run_in
from order.main import _measure_orders
from order.models import Order, OrderStatus
from order.services.transition_order import transition_order
from tests.order.shop import Shop


class Unlucky(Exception):
    """Makes a transaction fail."""


@pytest.fixture
def database(apps: dict[str, FastAPI], clean: None) -> Postgres:
    """The order service's database."""
    store: Postgres = apps["order"].state.application.store
    return store


def sample(name: str, **labels: str) -> float:
    """Return the value of a metric in this process."""
    return REGISTRY.get_sample_value(name, labels) or 0.0


def pending(age: timedelta = timedelta()) -> Order:
    """Store a pending order of this age, which no worker claims."""
    created_at, resume_at = func.now() - age, func.now() + timedelta(hours=1)
    return Order(id=new_id(), user_id=new_id(), created_at=created_at, resume_at=resume_at, lines=[])


async def measured(apps: dict[str, FastAPI]) -> tuple[float, float]:
    """Return how many orders are pending, and the age of the oldest in seconds, as the service measures them."""
    await _measure_orders(apps["order"].state.application.store)
    return sample("order_pending"), sample("order_pending_oldest_seconds")


async def test_pending_orders_are_measured(apps: dict[str, FastAPI], database: Postgres) -> None:
    """The gauges have the number of pending orders and the age of the oldest; decided orders do not count."""
    old, decided = pending(timedelta(minutes=1)), pending(timedelta(hours=1))
    async with database.transaction() as session:
        session.add_all([pending(), old, decided])
        await session.flush()
        await transition_order(partial(run_in, session), decided, OrderStatus.REJECTED, "insufficient_stock")

    count, oldest_s = await measured(apps)
    assert count == 2
    assert oldest_s == pytest.approx(60, abs=10)


async def test_without_pending_orders_there_is_no_age(apps: dict[str, FastAPI], clean: None) -> None:
    """Both gauges return to zero."""
    assert await measured(apps) == (0, 0)


async def test_an_order_is_counted_as_it_is_placed_and_as_it_is_confirmed(shop: Shop, teapot: str) -> None:
    """Placing and confirming count once each, though neither uses a session."""
    statuses = ("pending", "confirmed")
    before = [sample("order_transitions_total", status=status) for status in statuses]

    await shop.place(teapot)

    after = [sample("order_transitions_total", status=status) for status in statuses]
    assert after == [count + 1 for count in before]


async def test_a_committed_transition_is_counted(database: Postgres) -> None:
    """A transition is counted by the status it leads to; an order that cannot change is not counted."""
    before = sample("order_transitions_total", status="cancelled")
    async with database.transaction() as session:
        session.add(order := pending())
        await session.flush()
        assert await transition_order(partial(run_in, session), order, OrderStatus.CANCELLED, "cancelled_by_customer")
        assert not await transition_order(partial(run_in, session), order, OrderStatus.CONFIRMED, "stock_committed")

        assert sample("order_transitions_total", status="cancelled") == before

    assert sample("order_transitions_total", status="cancelled") == before + 1


async def test_a_transition_that_is_undone_is_not_counted(database: Postgres) -> None:
    """A transaction that fails leaves the counter unchanged."""
    before = sample("order_transitions_total", status="expired")

    with pytest.raises(Unlucky):
        await expire_and_fail(database)

    assert sample("order_transitions_total", status="expired") == before


async def expire_and_fail(database: Postgres) -> None:
    """Expire an order in a transaction that fails afterwards."""
    async with database.transaction() as session:
        session.add(order := pending())
        await session.flush()
        await transition_order(partial(run_in, session), order, OrderStatus.EXPIRED, "timed_out")
        raise Unlucky
