"""Placing an order: the services, the same by hand, and the usual stack, on one PostgreSQL with the same customer."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from math import ceil
from pathlib import Path
from typing import Any

from benchmarks.deployment import deploy
from benchmarks.load import Load, Task
from benchmarks.measurement import Series
from benchmarks.results import results_as_json
from benchmarks.runner import OnTurn, Rounds, Side, Turn
from benchmarks.scenario import Scenario
from benchmarks.scenarios.orders.figures import BUSY, MANY_PRODUCTS, Condition, draw, notes, results, row, tables
from benchmarks.scenarios.orders.sides import NAMES, ours, peer
from benchmarks.scenarios.orders.stores import Stores, open_stores
from chassis.core.types import new_id
from cli.dev.secrets import ensure_secrets
from cli.links import links

_FEWEST_ORDERS = 1_000
"""Per condition, in all rounds together: a 99th percentile of fewer is meaningless."""


@dataclass(frozen=True, slots=True)
class Plan:
    """
    The length of the measurements.

    Attributes:
        workers: The numbers of workers of order and product each.
        seconds: The minimum length of one measurement.
        warm_up: Seconds before each measurement that do not count.
        longest: The maximum length of one measurement, in seconds.
    """

    rounds: int
    workers: tuple[int, ...]
    seconds: float
    warm_up: float
    longest: float

    def turn(self, condition: Condition, product_ids: Sequence[str]) -> Turn:
        """Return a side's turn under a condition."""
        wanted, concurrency = product_ids[: condition.products], condition.concurrency
        warm_up = Load(concurrency, 2 * concurrency, self.warm_up, self.longest)
        load = Load(concurrency, ceil(_FEWEST_ORDERS / self.rounds), self.seconds, self.longest)
        return Turn(Task(warm_up, wanted), Task(load, wanted))

    def conditions(self, workers: int) -> list[Condition]:
        """Return the conditions with this many workers."""
        alone = [Condition(concurrency=1)] if workers == 1 else []
        return [*alone, Condition(workers=workers), Condition(products=1, workers=workers)]

    @property
    def turns(self) -> int:
        """The number of measurements in a run."""
        return len(NAMES) * self.rounds * sum(len(self.conditions(workers)) for workers in self.workers)


FULL = Plan(rounds=5, workers=(1, 2, 4), seconds=4.0, warm_up=0.7, longest=15.0)
QUICK = Plan(rounds=2, workers=(1,), seconds=2.0, warm_up=0.5, longest=10.0)


def measure(plan: Plan, folder: Path, on_turn: OnTurn) -> list[Series[Condition]]:
    """
    Measure all sides.

    Raises:
        DoesNotWork: One of them fails from the start.
    """
    product_ids, rounds, found = new_product_ids(), Rounds(on_turn), list[Series[Condition]]()
    secrets = ensure_secrets(folder / "secrets.json", links())
    with open_stores(folder, secrets) as stores:
        asyncio.run(stores.add_products(product_ids))
        for workers in plan.workers:
            with _sides(stores, secrets, folder, workers) as sides:
                for side in sides:
                    side.try_once(product_ids)
                found += rounds.measure(
                    sides, plan.conditions(workers), plan.rounds, lambda _side, one, _: plan.turn(one, product_ids)
                )
    return found


def new_product_ids() -> list[str]:
    """Return ids for the products of a run."""
    return [str(new_id()) for _ in range(MANY_PRODUCTS)]


@contextmanager
def _sides(stores: Stores, secrets: Mapping[str, str], folder: Path, workers: int) -> Iterator[list[Side]]:
    processes = {"analytics": 1, "user": 1, "product": workers, "order": workers}
    with deploy(stores.ours, secrets, folder, processes) as services:
        pids = {name: [pid] for name, pid in services.pids.items()}
        with ExitStack() as stack:
            peers = [stack.enter_context(peer(side, stores, services, workers)) for side in stores.peers]
            yield [stack.enter_context(ours(stores, services.environment, pids)), *peers]


def _content(plan: Plan, figures: Sequence[Series[Condition]]) -> dict[str, Any]:
    return {"plan": asdict(plan), "ratios": results_as_json(results(figures)), "series": list(map(row, figures))}


SCENARIO = Scenario(
    name="orders",
    packages=(
        "aiohttp", "asyncpg", "cryptography", "fastapi", "gunicorn", "pydantic", "pyjwt", "python-jose",
        "sqlalchemy", "starlette", "uvicorn", "uvloop",
    ),
    measure=measure,
    tables=tables,
    notes=notes,
    content=_content,
    draw=draw,
    headline=(
        f"Placing an order, {BUSY} at a time. {{processor}}, {{cores}} cores for customer, services and databases, "
        "Python {python}"
    ),
    size=(10, 6.6),
)  # fmt: skip
