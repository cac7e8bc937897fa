from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

import pytest
from fastapi import FastAPI
from sqlalchemy import ColumnElement, func, select
from structlog.testing import CapturingLogger

from chassis.core import deadline
from chassis.core.errors import ServiceUnavailable
from chassis.core.json import dumps
from chassis.core.types import new_id
from chassis.dispatch.call import Call
from chassis.dispatch.dispatcher import Dispatcher
from chassis.dispatch.errors import Refusal, RemoteError
from chassis.dispatch.transport import Answer
from chassis.postgres.database import Postgres
from order.calls import Reservation, ReservedLine
from order.models import Order, OrderLine, OrderStatus
from order.services import advance_order as saga
from order.services import resume_orders as resuming
from order.services.advance_order import FIRST_PAUSE, advance_order
from order.services.load_order import load_order
from order.services.resume_orders import AT_ONCE, TIMEOUT_S, resume_orders
from order.services.transition_order import transition_order

SOON = timedelta(hours=1)
PRODUCT = new_id()


@pytest.fixture
def database(apps: dict[str, FastAPI], clean: None) -> Postgres:
    """The order service's database."""
    store: Postgres = apps["order"].state.application.store
    return store


def an_order(resume_at: ColumnElement[datetime]) -> Order:
    """A pending order of two units."""
    line = OrderLine(position=0, product_id=PRODUCT, quantity=2)
    return Order(id=new_id(), user_id=new_id(), status=OrderStatus.PENDING, resume_at=resume_at, lines=[line])


class Down:
    """A dispatcher whose services do not answer."""

    def __init__(self) -> None:
        self.calls = 0

    async def call(self, *_arguments: object, **_options: object) -> object:
        """Fail."""
        self.calls += 1
        raise ServiceUnavailable("down")


class Recorder:
    """A dispatcher with the same result for every call; it records the calls and the time left for each."""

    def __init__(self, answer: object) -> None:
        self.paths, self.left_s = list[str](), list[float]()
        self._answer = answer

    async def call(self, call: Call[Any, Any], *_arguments: object, **_options: object) -> object:
        """Return or raise the result."""
        self.paths.append(call.path)
        time = deadline.current()
        self.left_s.append(time.remaining() if time else float("inf"))
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


class Backlog:
    """An endless backlog of orders, with the outcomes that the test sets."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, dispatcher: object, *fates: object) -> None:
        self.resumed = 0
        self._fates = list(fates)
        self._dispatcher = dispatcher
        monkeypatch.setattr(resuming, "_is_any_due", self._is_any_due)
        monkeypatch.setattr(resuming, "_claim", self._claim)
        monkeypatch.setattr(resuming, "load_order", self._load)
        monkeypatch.setattr(resuming, "advance_order", self._advance)

    async def _is_any_due(self, _database: object) -> bool:
        return True

    async def _claim(self, _session: object) -> Sequence[UUID]:
        return [new_id() for _ in range(AT_ONCE)]

    async def _load(self, _database: object, order_id: UUID) -> Order:
        return Order(id=order_id, status=OrderStatus.PENDING)

    async def _advance(self, _database: object, dispatcher: object, order: Order) -> Order:
        if dispatcher is self._dispatcher:  # not the running service's dispatcher, which resumes orders every second
            self.resumed += 1
            fate: Any = self._fates.pop(0) if self._fates else OrderStatus.PENDING
            if isinstance(fate, Exception):
                raise fate
            order.status = fate
        return order


async def test_a_round_goes_on_as_long_as_all_of_a_batch_are_decided(
    database: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The round ends with the first batch of which one order stays pending."""
    dispatcher: Any = Down()
    backlog = Backlog(monkeypatch, dispatcher, *[OrderStatus.CONFIRMED] * (3 * AT_ONCE - 1), OrderStatus.PENDING)

    await resume_orders(database, dispatcher)

    assert backlog.resumed == 3 * AT_ONCE


@pytest.mark.parametrize(
    ("error", "level"), [(RuntimeError("odd"), "exception"), (ServiceUnavailable("down"), "warning")]
)
async def test_an_order_that_cannot_be_resumed_stops_no_other(
    database: Postgres, monkeypatch: pytest.MonkeyPatch, error: Exception, level: str
) -> None:
    """A failed order is logged, as an error only if the fault is ours; its batch and the round are completed."""
    log = CapturingLogger()
    monkeypatch.setattr(resuming, "log", log)
    dispatcher: Any = Down()
    decided = [OrderStatus.CONFIRMED] * (AT_ONCE - 1)
    backlog = Backlog(monkeypatch, dispatcher, error, *decided)

    await resume_orders(database, dispatcher)

    assert backlog.resumed == AT_ONCE
    assert [(call.method_name, call.args) for call in log.calls] == [(level, ("order not resumed",))]
    assert log.calls[0].kwargs.keys() == {"order_id", "reason"}


async def test_an_order_without_an_answer_is_left_for_a_second(
    database: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After one call the order waits for a second; its neighbour keeps its time, and both stay pending."""
    monkeypatch.setattr(saga, "log", CapturingLogger())
    dispatcher: Any = Down()
    order, neighbour = (an_order(func.now() + timedelta(hours=1)) for _ in range(2))
    async with database.transaction() as session:
        session.add_all([order, neighbour])

    async with database.transaction() as session:
        stored = (await session.scalars(select(Order).where(Order.id == order.id))).one()
    await advance_order(database, dispatcher, stored)

    async with database.transaction() as session:
        left = select(func.extract("epoch", Order.resume_at - func.now())).where(Order.status == OrderStatus.PENDING)
        seconds = [float(await session.scalar(left.where(Order.id == one.id)) or 0.0) for one in (order, neighbour)]
    assert dispatcher.calls == 1
    assert seconds[0] <= 1.25 * FIRST_PAUSE.total_seconds()
    assert seconds[1] == pytest.approx(3600, abs=60)


async def test_an_order_is_resumed_within_a_deadline(database: Postgres, unresumed: None) -> None:
    """A round has a deadline like a request: it ends though a service hangs."""
    async with database.transaction() as session:
        session.add(an_order(func.now()))
    recorder = Recorder(ServiceUnavailable("down"))

    await resume_orders(database, cast(Dispatcher, recorder))

    assert len(recorder.left_s) == 1
    assert 0 < recorder.left_s[0] <= TIMEOUT_S


async def test_what_cannot_be_had_is_not_committed(database: Postgres) -> None:
    """If product refuses, or the total is too large, the first step is the last one."""
    line = ReservedLine(product_id=PRODUCT, name="Gold", quantity=2, unit_price=Decimal(10_000_000_000))
    refusal = Answer(409, {}, dumps({"code": "insufficient_stock", "detail": "No."}))
    answers: dict[str, object] = {
        "insufficient_stock": RemoteError("product", Refusal(refusal)),
        "total_too_large": Reservation(currency="EUR", lines=[line]),
    }

    for cause, answer in answers.items():
        order = an_order(func.now() + SOON)
        async with database.transaction() as session:
            session.add(order)
        recorder = Recorder(answer)
        advanced = await advance_order(database, cast(Dispatcher, recorder), await load_order(database, order.id))

        assert (advanced.status, advanced.cause) == (OrderStatus.REJECTED, cause)
        assert recorder.paths == ["/api/v1/reservations"]


async def test_an_order_that_is_cancelled_while_its_step_has_no_answer_stays_so(database: Postgres) -> None:
    """No worker resumes an order that was cancelled."""
    order = an_order(func.now() + SOON)

    class Cancelling(Down):
        async def call(self, *arguments: object, **options: object) -> object:
            stored = await load_order(database, order.id)
            assert await transition_order(database.run, stored, OrderStatus.CANCELLED, "cancelled_by_customer")
            return await super().call(*arguments, **options)

    async with database.transaction() as session:
        session.add(order)
    advanced = await advance_order(database, cast(Dispatcher, Cancelling()), await load_order(database, order.id))

    assert (advanced.status, advanced.resume_at) == (OrderStatus.CANCELLED, None)
