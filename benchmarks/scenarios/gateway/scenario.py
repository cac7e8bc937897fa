"""The gateway: requests beside the same sent to a service, a page beside one composed by hand, and subscriptions."""

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from itertools import cycle, islice
from math import ceil
from pathlib import Path
from typing import Any

from benchmarks.load import Load, Task
from benchmarks.measurement import Series
from benchmarks.results import results_as_json
from benchmarks.runner import OnTurn, Rounds, Turn
from benchmarks.scenario import Scenario
from benchmarks.scenarios.gateway.figures import (
    BUSY,
    COUNTING,
    PAGES,
    PLACE,
    READ,
    READ_PAGE,
    REQUESTS,
    Condition,
    Figures,
    held_row,
    notes,
    results,
    row,
    tables,
)
from benchmarks.scenarios.gateway.people import place_orders
from benchmarks.scenarios.gateway.stack import BY_HAND, BY_ID, BY_TEXT, COUNTED, DIRECT, GATEWAY, PAGE, Stack, run_stack
from benchmarks.scenarios.gateway.subscriptions import measure_subscriptions
from benchmarks.scenarios.orders.scenario import new_product_ids
from benchmarks.scenarios.orders.stores import open_stores
from cli.dev.secrets import ensure_secrets
from cli.links import links

_LINES = 3
"""Lines of each order of the page."""
_FEWEST_CALLS = 1_000
"""Per condition with many concurrent calls, in all rounds together: a 99th percentile of fewer is meaningless."""
_STEPS = 4
"""Calls of ``OnTurn`` for the subscriptions."""


@dataclass(frozen=True, slots=True)
class Plan:
    """
    The length of the measurements.

    Attributes:
        seconds: The minimum length of one measurement.
        warm_up: Seconds before each measurement that do not count.
        longest: The maximum length of one measurement, in seconds.
        subscriptions: How many are held.
        changes: The number of their orders that are changed.
        changes_per_second: How fast.
    """

    rounds: int
    seconds: float
    warm_up: float
    longest: float
    subscriptions: int
    changes: int
    changes_per_second: float

    def turn(self, condition: Condition, wanted: Sequence[str]) -> Turn:
        """Return a side's turn under a condition."""
        at_once = condition.concurrency
        fewest = ceil(_FEWEST_CALLS / self.rounds) if at_once == BUSY else 0
        warm_up = Load(at_once, 2 * at_once, self.warm_up, self.longest)
        return Turn(Task(warm_up, wanted), Task(Load(at_once, fewest, self.seconds, self.longest), wanted))

    @property
    def turns(self) -> int:
        """The number of measurements, and of steps with subscriptions."""
        return self.rounds * (2 * len(REQUESTS) + 2 * len(COUNTING) + 3 * len(PAGES)) + _STEPS


FULL = Plan(5, seconds=3.0, warm_up=0.7, longest=10.0, subscriptions=1_000, changes=500, changes_per_second=25)
QUICK = Plan(2, seconds=1.5, warm_up=0.5, longest=8.0, subscriptions=200, changes=100, changes_per_second=25)


def measure(plan: Plan, folder: Path, on_turn: OnTurn) -> Figures:
    """
    Measure everything.

    Raises:
        DoesNotWork: A side fails from the start, or pages differ.
        NotReady: A service does not start.
    """
    products, rounds = new_product_ids(), Rounds(on_turn)
    secrets = ensure_secrets(folder / "secrets.json", links())
    with open_stores(folder, secrets, peers=()) as stores, run_stack(stores, secrets, folder) as stack:
        asyncio.run(stores.add_products(products))
        wanted = [[*islice(cycle(products), start, start + _LINES)] for start in range(PAGE)]
        orders = place_orders(stack.services.address("order"), [stack.token] * PAGE, wanted)
        tasks = {
            READ: [f"own orders/{one.order_id}" for one in orders],
            PLACE: [f"order {one}" for one in products],
            READ_PAGE: [str(PAGE)],
        }
        stack.check_pages()
        pages = _pages(stack, plan, rounds, tasks)
        requests, counting = _requests(stack, plan, rounds, tasks)
        held = measure_subscriptions(
            stack, products, plan.subscriptions, plan.changes, plan.changes_per_second, on_turn
        )
    return Figures(requests, counting, pages, held)


def _pages(stack: Stack, plan: Plan, rounds: Rounds, tasks: dict[str, list[str]]) -> list[Series[Condition]]:
    with ExitStack() as opened:
        sides = [opened.enter_context(stack.pages(side)) for side in (BY_ID, BY_TEXT, BY_HAND)]
        return rounds.measure(sides, PAGES, plan.rounds, lambda _side, one, _: plan.turn(one, tasks[one.request]))


def _requests(
    stack: Stack, plan: Plan, rounds: Rounds, tasks: dict[str, list[str]]
) -> tuple[list[Series[Condition]], list[Series[Condition]]]:
    """Read with the token of the page's person, whose orders are read."""
    with ExitStack() as opened:
        direct, through, counted = (
            opened.enter_context(stack.requests(side, stack.token)) for side in (DIRECT, GATEWAY, COUNTED)
        )
        for side in (direct, through, counted):
            side.try_once(tasks[READ])
            side.try_once(tasks[PLACE])

        def turn(_side: object, one: Condition, _round: int) -> Turn:
            return plan.turn(one, tasks[one.request])

        requests = rounds.measure([direct, through], REQUESTS, plan.rounds, turn)
        return requests, rounds.measure([through, counted], COUNTING, plan.rounds, turn)


def _content(plan: Plan, figures: Figures) -> dict[str, Any]:
    series = [*figures.requests, *figures.pages]
    return {
        "plan": asdict(plan),
        "ratios": results_as_json(results(figures)),
        "series": list(map(row, series)),
        "counting": list(map(row, figures.counting)),
        "subscriptions": held_row(figures.held),
    }


SCENARIO = Scenario(
    name="gateway",
    packages=(
        "aiohttp", "asyncpg", "cryptography", "fastapi", "graphql-core", "gunicorn", "httpx", "pydantic",
        "starlette", "strawberry-graphql", "uvicorn", "uvloop",
    ),
    measure=measure,
    tables=tables,
    notes=notes,
    content=_content,
)  # fmt: skip
