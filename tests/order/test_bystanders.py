"""Every write of the order service beside orders that must stay unchanged."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any, NoReturn
from uuid import UUID

import pytest
from fastapi import FastAPI
from sqlalchemy import Text, column, func, select

from chassis.auth.tokens import Identity
from chassis.core.json import loads
from chassis.core.types import new_id
from chassis.dispatch.call import Call
from chassis.postgres.database import Postgres
from chassis.postgres.statements import run_in
from chassis.postgres.tables import outbox
from cli.dev.polling import eventually
from order.models import Base, Order, OrderLine, OrderStatus, OrderTransition
from order.services.advance_order import PATIENCE
from order.services.cancel_order import cancel_order
from order.services.fulfil_order import fulfil_order
from order.services.get_history import get_history
from order.services.load_order import load_order
from order.services.resume_orders import AT_ONCE, resume_orders
from order.services.transition_order import transition_order
from tests.order.shop import Away, Shop
from tests.support.databases import bystanders

PRODUCT = new_id()
"""The product of all orders."""
SOON = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Desk:
    """Orders of one product: ours, and one of every status of another person or of the same customer."""

    database: Postgres
    customer: UUID
    ours: dict[str, UUID] = field(default_factory=dict)

    async def store(self, status: OrderStatus, *, age: timedelta = timedelta(0), due: bool = False) -> UUID:
        """Store an order of two lines."""
        is_priced = status in {OrderStatus.CONFIRMED, OrderStatus.FULFILLED}
        total = {"total_price_minor": 300, "currency": "EUR"} if is_priced else {}
        resume = func.now() if due else func.now() + SOON
        order = Order(
            id=new_id(),
            user_id=self.customer,
            status=status,
            cause="stored",
            created_at=func.now() - age,
            resume_at=resume if status == OrderStatus.PENDING else None,
            **total,
        )
        async with self.database.transaction() as session:
            session.add(order)
            await session.flush()
            session.add(OrderTransition(order_id=order.id, status=status, cause="stored"))
            price = {"unit_price_minor": 100, "name": "Cup"} if is_priced else {}
            for position, product_id in ((1, new_id()), (0, PRODUCT)):  # not in their order
                line = {"position": position, "product_id": product_id, "quantity": position + 1}
                session.add(OrderLine(order_id=order.id, **line, **price))
        return order.id

    async def stored(self, order_id: UUID) -> tuple[str, str, list[str]]:
        """Return the stored status and cause of an order, and its history."""
        async with self.database.transaction() as session:
            order = await session.get_one(Order, order_id)
            steps = select(OrderTransition.status).where(OrderTransition.order_id == order_id)
            history = (await session.scalars(steps.order_by(OrderTransition.at))).all()
        return order.status, order.cause, list(history)

    async def lines(self, order_id: UUID) -> Sequence[OrderLine]:
        """Return the lines of an order."""
        async with self.database.transaction() as session:
            return (await session.get_one(Order, order_id)).lines


@pytest.fixture
async def desk(shop: Shop, unresumed: None) -> Desk:
    """One order of every status, of one customer."""
    desk = Desk(shop.app.state.application.store, new_id())
    for status in OrderStatus:
        await desk.store(status)
    return desk


MOVES = [
    (OrderStatus.PENDING, OrderStatus.CANCELLED),
    (OrderStatus.CONFIRMED, OrderStatus.CANCELLED),
    (OrderStatus.PENDING, OrderStatus.REJECTED),
    (OrderStatus.PENDING, OrderStatus.EXPIRED),
    (OrderStatus.CONFIRMED, OrderStatus.FULFILLED),
    (OrderStatus.PENDING, OrderStatus.CONFIRMED),
]


@pytest.mark.parametrize(("before", "after"), MOVES)
async def test_a_move_is_of_one_order(desk: Desk, before: OrderStatus, after: OrderStatus) -> None:
    """The event has the order's own lines; all other orders stay unchanged."""
    order_id = await desk.store(before)

    async with bystanders(desk.database, Base.metadata, order_id), desk.database.transaction() as session:
        for scan in ("indexscan", "bitmapscan"):  # which would return the lines in their order
            await session.execute(select(func.set_config(f"enable_{scan}", "off", True)))
        order = await session.get_one(Order, order_id)
        if (before, after) == (OrderStatus.PENDING, OrderStatus.CONFIRMED):
            order.total_price_minor, order.currency = 300, "EUR"
        assert await transition_order(partial(run_in, session), order, after, "because")
        assert order.status == after
        events = [loads(one.encode()) for one in (await session.scalars(select(outbox.c.message).distinct())).all()]

    lines = [{"product_id": str(one.product_id), "quantity": one.quantity} for one in await desk.lines(order_id)]
    announced = [(one["type"], one["subject"], one["data"]["cause"]) for one in events]
    assert announced == [(f"order.{after}", str(order_id), "because")]
    for event in events:
        assert [{name: item[name] for name in lines[0]} for item in event["data"]["items"]] == lines
    assert await desk.stored(order_id) == (after, "because", [before, after])


async def test_a_move_that_is_not_defined_changes_nothing(desk: Desk) -> None:
    """An undefined transition changes neither this order nor another, and publishes nothing."""
    for before in OrderStatus:
        order_id = await desk.store(before)
        for after in OrderStatus:
            if (before, after) in MOVES or after == OrderStatus.PENDING:
                continue
            async with bystanders(desk.database, Base.metadata), desk.database.transaction() as session:
                order = await session.get_one(Order, order_id)
                moved = await transition_order(partial(run_in, session), order, after, "because")

                assert (moved, order.status) == (False, before), (before, after)
                assert not await session.scalar(select(func.count()).select_from(outbox))


async def test_confirming_prices_the_lines_of_one_order(
    desk: Desk, apps: dict[str, FastAPI], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other orders of the product keep prices and status; analytics receives the event of ours, as it is stored."""
    notified, notify = list[str](), desk.database.notifier.notify

    def record_and_notify(listeners: Sequence[str]) -> None:
        notified.extend(listeners)
        notify(listeners)

    monkeypatch.setattr(desk.database.notifier, "notify", record_and_notify)
    order = await load_order(desk.database, await desk.store(OrderStatus.PENDING))
    for line in order.lines:
        line.name, line.unit_price_minor = f"Cup {line.position}", 100 + line.position
    order.total_price_minor, order.currency = 302, "USD"

    async with bystanders(desk.database, Base.metadata, order.id):
        assert await transition_order(desk.database.run, order, OrderStatus.CONFIRMED, "stock_committed")

    assert notified == ["analytics"]
    async with desk.database.transaction() as session:
        stored = await session.get_one(Order, order.id)
    assert [(line.name, line.unit_price_minor) for line in stored.lines] == [("Cup 0", 100), ("Cup 1", 101)]
    assert (stored.total_price_minor, stored.currency, stored.resume_at) == (302, "USD", None)
    assert await desk.stored(order.id) == ("confirmed", "stock_committed", ["pending", "confirmed"])
    event = await heard(apps["analytics"], order.id)
    told = [(item["product_id"], item["quantity"], item["unit_price_minor"]) for item in event["data"]["items"]]
    assert told == [(str(line.product_id), line.quantity, line.unit_price_minor) for line in stored.lines]
    assert (event["data"]["total_price_minor"], event["data"]["currency"]) == (302, "USD")


async def heard(analytics: FastAPI, order_id: UUID) -> dict[str, Any]:
    """Return what analytics has received of an order, as soon as it is there."""
    events: list[dict[str, Any]] = []

    async def is_heard() -> bool:
        async with analytics.state.application.store.use() as database:
            events.extend(await database["events"].find({"subject": str(order_id)}).to_list(None))
        return bool(events)

    assert await eventually(is_heard)
    (event,) = events
    return event


@pytest.mark.parametrize("status", [one for one in OrderStatus if one != OrderStatus.PENDING])
async def test_what_is_not_pending_any_more_is_not_confirmed(desk: Desk, status: OrderStatus) -> None:
    """A worker with an outdated view of the order changes nothing, not even a price."""
    order = await load_order(desk.database, await desk.store(status))
    order.status = OrderStatus.PENDING
    for line in order.lines:
        line.name, line.unit_price_minor = "Dear", 10_000
    order.total_price_minor, order.currency = 30_000, "USD"

    async with bystanders(desk.database, Base.metadata):
        assert not await transition_order(desk.database.run, order, OrderStatus.CONFIRMED, "stock_committed")


@pytest.mark.parametrize("act", ["cancel", "fulfil"])
async def test_what_a_person_does_to_one_order_leaves_the_others(desk: Desk, act: str) -> None:
    """Cancelling or fulfilling one order leaves the person's other orders and everybody else's unchanged."""
    order_id = await desk.store(OrderStatus.CONFIRMED)
    admin = Identity(user_id=new_id(), session_id=new_id(), roles=frozenset({"admin"}))
    do, status = {"cancel": (cancel_order, "cancelled"), "fulfil": (fulfil_order, "fulfilled")}[act]

    async with bystanders(desk.database, Base.metadata, order_id), desk.database.transaction() as session:
        answered = await do(session, admin, order_id)

    assert answered.status == status
    assert await desk.stored(order_id) == (status, f"{status}_by_admin", ["confirmed", status])


async def test_only_what_has_waited_for_too_long_expires(shop: Shop, desk: Desk) -> None:
    """An order that is young, being worked on, or no longer pending does not expire."""
    old = await desk.store(OrderStatus.PENDING, age=PATIENCE + timedelta(seconds=1), due=True)
    await desk.store(OrderStatus.PENDING, age=PATIENCE + timedelta(seconds=1))
    await desk.store(OrderStatus.CONFIRMED, age=PATIENCE + timedelta(seconds=1))
    await desk.store(OrderStatus.PENDING, age=PATIENCE - timedelta(seconds=10))

    async with bystanders(desk.database, Base.metadata, old):
        await resume_orders(desk.database, shop.app.state.application.dispatcher)

    assert await desk.stored(old) == ("expired", "timed_out", ["pending", "expired"])


async def test_orders_expire_a_batch_at_a_time(shop: Shop, desk: Desk) -> None:
    """One round expires all overdue orders, in transactions of at most one batch each."""
    for _ in range(AT_ONCE + 1):
        await desk.store(OrderStatus.PENDING, age=PATIENCE * 2, due=True)

    await resume_orders(desk.database, shop.app.state.application.dispatcher)

    transaction = column("xmin").cast(Text)
    batches = select(func.count()).where(OrderTransition.cause == "timed_out").group_by(transaction)
    async with desk.database.transaction() as session:
        assert sorted((await session.scalars(batches)).all()) == [1, AT_ONCE]


async def test_a_history_is_in_the_order_of_time(desk: Desk) -> None:
    """A history is sorted by time, not by the order in which its rows are stored."""
    admin = Identity(user_id=new_id(), session_id=new_id(), roles=frozenset({"admin"}))
    order_id = await desk.store(OrderStatus.CONFIRMED)
    async with desk.database.transaction() as session:
        earlier = func.now() - timedelta(minutes=1)
        session.add(OrderTransition(order_id=order_id, status=OrderStatus.PENDING, cause="placed", at=earlier))
        await session.flush()
        history = await get_history(session, admin, order_id)

    assert [step.status for step in history.items] == [OrderStatus.PENDING, OrderStatus.CONFIRMED]


async def test_what_another_worker_has_in_hand_is_skipped(shop: Shop, desk: Desk) -> None:
    """A locked order is skipped without waiting, both when orders expire and when they are resumed."""
    ages = {"old": PATIENCE * 2, "young": timedelta(0)}
    locked, free = [
        {name: await desk.store(OrderStatus.PENDING, age=age, due=True) for name, age in ages.items()} for _ in range(2)
    ]

    async with (
        desk.database.transaction() as session,
        bystanders(desk.database, Base.metadata, *free.values()),
    ):
        await session.execute(select(Order).where(Order.id.in_(locked.values())).with_for_update())
        await resume_orders(desk.database, shop.app.state.application.dispatcher)

    assert (await desk.stored(free["old"]))[:2] == ("expired", "timed_out")
    assert (await desk.stored(free["young"]))[:2] == ("rejected", "product_not_found")


async def test_the_orders_that_have_waited_longest_are_claimed_first(desk: Desk) -> None:
    """One claim takes a batch of the orders that have waited longest, leases them, and leaves the rest."""
    orders = [await desk.store(OrderStatus.PENDING, due=True) for _ in range(AT_ONCE + 2)]
    async with desk.database.transaction() as session:
        for number, order_id in enumerate(reversed(orders)):
            (await session.get_one(Order, order_id)).resume_at = func.now() - timedelta(seconds=100 - number)
    first, due = set(orders[-AT_ONCE:]), set[UUID]()

    class Looking(Away):
        async def call(self, call: Call[Any, Any], body: Any = None, **options: Any) -> NoReturn:  # noqa: ANN401 - as above
            async with desk.database.transaction() as session:
                due.update((await session.scalars(select(Order.id).where(Order.resume_at <= func.now()))).all())
            await super().call(call, body, **options)

    async with bystanders(desk.database, Base.metadata, *first):
        await resume_orders(desk.database, looking := Looking())

    assert set(map(UUID, looking.asked)) == first
    assert due == set(orders[:-AT_ONCE])
