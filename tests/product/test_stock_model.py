import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from decimal import Decimal
from typing import Any, ClassVar, TypeVar
from uuid import UUID

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from pydantic import SecretStr
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.core.errors import AppError
from chassis.core.types import new_id
from chassis.postgres.database import Postgres
from product.models import Product, Reservation, ReservationLine, ReservationState, StockMovement
from product.schemas import ProductCreate, ReservationCreate, ReservationItem, ReservationRead
from product.services.commit_reservation import commit_reservation
from product.services.create_product import create_product
from product.services.expire_reservations import expire_reservations
from product.services.release_reservation import release_reservation
from product.services.reserve_stock import reserve_stock
from tests.product.orders import let_time_pass
from tests.support.often import times

T = TypeVar("T")
BEGINNING = (6, 9)
"""The initial stock of each product."""
QUANTITIES = st.dictionaries(st.integers(0, len(BEGINNING) - 1), st.integers(1, 3), min_size=1)
HOLDS = {ReservationState.RESERVED, ReservationState.COMMITTED}


class Model:
    """The expected state, in a few dictionaries."""

    def __init__(self) -> None:
        self.stock = dict(enumerate(BEGINNING))
        self.states = dict[UUID, ReservationState]()
        self.lines = dict[UUID, dict[int, int]]()
        self.overdue = set[UUID]()

    def reserve(self, order: UUID, quantities: dict[int, int]) -> str:
        """Return the expected answer of a reserve: a state, or the code of a refusal."""
        if order in self.states:
            return self._repeat(order, quantities)
        if any(self.stock[product] < quantity for product, quantity in quantities.items()):
            return "insufficient_stock"
        self.states[order], self.lines[order] = ReservationState.RESERVED, quantities
        for product, quantity in quantities.items():
            self.stock[product] -= quantity
        return self.states[order]

    def _repeat(self, order: UUID, quantities: dict[int, int]) -> str:
        if self.states[order] not in HOLDS or order in self.overdue:
            return "reservation_closed"
        return self.states[order] if self.lines[order] == quantities else "reservation_differs"

    def commit(self, order: UUID) -> str:
        """Return the expected answer of a commit."""
        if order not in self.states:
            return "reservation_not_found"
        if self.states[order] not in HOLDS or order in self.overdue:
            return "reservation_closed"
        self.states[order] = ReservationState.COMMITTED
        return self.states[order]

    def release(self, order: UUID) -> str:
        """Return the expected answer of a release."""
        self._end(order, ReservationState.RELEASED)
        return self.states[order]

    def let_time_pass(self, order: UUID) -> None:
        """Make a reservation overdue, which matters only if it is not committed."""
        if self.states.get(order) == ReservationState.RESERVED:
            self.overdue.add(order)

    def expire(self) -> int:
        """Return how many reservations the sweeper expires."""
        ended = {order for order in self.overdue if self.states[order] == ReservationState.RESERVED}
        for order in ended:
            self._end(order, ReservationState.EXPIRED)
        return len(ended)

    def _end(self, order: UUID, state: ReservationState) -> None:
        if self.states.setdefault(order, state) in HOLDS:
            self.states[order] = state
            for product, quantity in self.lines[order].items():
                self.stock[product] += quantity


class StockMachine(RuleBasedStateMachine):
    """The service functions beside the model, step by step, each step in a transaction of its own."""

    orders = Bundle[UUID]("orders")
    runner: ClassVar[asyncio.Runner]
    database: ClassVar[Postgres]

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.products = [self.do(create, stock) for stock in BEGINNING]
        self.do(expire_reservations)  # left by the example before

    def do(self, step: Callable[..., Awaitable[T]], *arguments: object) -> T:
        """Run one step in a transaction."""
        return self.runner.run(self.within(step, *arguments))

    async def within(self, step: Callable[..., Awaitable[T]], *arguments: object) -> T:
        """Run one step in a transaction, in the machine's loop."""
        async with self.database.transaction() as session:
            return await step(session, *arguments)

    def answer(self, step: Coroutine[Any, Any, Reservation | ReservationRead]) -> str:
        """Run one step; returns its state, or the code of its refusal."""
        try:
            return self.runner.run(step).state
        except AppError as error:
            return error.code

    @rule(target=orders, quantities=QUANTITIES)
    def reserve(self, quantities: dict[int, int]) -> UUID:
        """Reserve for a new order."""
        self._reserve(order := new_id(), quantities)
        return order

    @rule(order=orders, quantities=QUANTITIES)
    def reserve_again(self, order: UUID, quantities: dict[int, int]) -> None:
        """Reserve for a known order, the same lines or others."""
        self._reserve(order, quantities)

    def _reserve(self, order: UUID, quantities: dict[int, int]) -> None:
        items = [ReservationItem(product_id=self.products[one], quantity=many) for one, many in quantities.items()]
        wanted = ReservationCreate(order_id=order, items=items)
        assert self.answer(reserve_stock(self.database, wanted, 120)) == self.model.reserve(order, quantities)

    @rule(order=orders)
    def commit(self, order: UUID) -> None:
        """Commit an order, with or without a reservation."""
        assert self.answer(commit_reservation(self.database, order)) == self.model.commit(order)

    @rule(order=orders)
    def release(self, order: UUID) -> None:
        """Release an order, before or after its reservation."""
        assert self.answer(self.within(release_reservation, order)) == self.model.release(order)

    @rule(order=orders)
    def let_time_pass(self, order: UUID) -> None:
        """Make an order's reservation overdue."""
        self.runner.run(let_time_pass(self.database, order))
        self.model.let_time_pass(order)

    @rule()
    def expire(self) -> None:
        """Run the sweeper."""
        assert self.do(expire_reservations) == self.model.expire()

    @invariant()
    def agrees(self) -> None:
        """The stock equals the model's and the sum of its movements; the missing units are held by orders."""
        stock, moved, taken, held = self.do(measure, self.products)
        assert stock == moved == list(self.model.stock.values())
        assert min(stock) >= 0
        assert taken == held
        assert [left + out for left, out in zip(stock, held, strict=True)] == list(BEGINNING)


async def create(session: AsyncSession, stock: int) -> UUID:
    """Create a product."""
    new = ProductCreate(name="Teapot", price=Decimal(5), stock=stock)
    return (await create_product(session, new, "EUR", new_id())).id


async def measure(session: AsyncSession, products: Sequence[UUID]) -> list[list[int]]:
    """Return for each product its stock, the sum of its movements, the units that orders hold, and its held units."""
    taken = (
        select(ReservationLine.product_id, ReservationLine.quantity)
        .join(Reservation, Reservation.order_id == ReservationLine.order_id)
        .where(Reservation.state.in_(HOLDS))
        .subquery()
    )
    sums = [
        select(Product.id, Product.stock),
        select(StockMovement.product_id, func.sum(StockMovement.quantity)).group_by(StockMovement.product_id),
        select(taken.c.product_id, func.sum(taken.c.quantity)).group_by(taken.c.product_id),
        select(Product.id, Product.held),
    ]
    found = [dict((await session.execute(one)).all()) for one in sums]
    return [[int(one.get(product, 0)) for product in products] for one in found]


@pytest.fixture
def machine(environment: dict[str, str], unswept: None) -> Iterator[type[StockMachine]]:
    """The machine, with an event loop and a pool of its own since Hypothesis is synchronous."""
    database = Postgres(SecretStr(environment["PRODUCT_DATABASE_URL"]), "product", pool_size=1)
    with asyncio.Runner() as runner:
        runner.run(database.open())
        StockMachine.runner, StockMachine.database = runner, database
        yield StockMachine
        runner.run(database.close())


def test_the_stock_agrees_with_a_plain_model(machine: type[StockMachine]) -> None:
    """Whatever the order of reserve, commit, release and expiry, no unit is lost, created or sold twice."""
    run_state_machine_as_test(
        machine,
        settings=settings(
            phases=[Phase.generate], database=None, max_examples=times(8), stateful_step_count=25, deadline=None
        ),
    )
