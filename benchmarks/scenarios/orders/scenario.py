"""Runs the plan: the two sides take turns, round after round."""

import asyncio
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.deployment import deploy, log_in
from benchmarks.load import Load
from benchmarks.machine import busy_seconds
from benchmarks.measurement import Measurement
from benchmarks.scenarios.orders.customer import Task
from benchmarks.scenarios.orders.figures import Series, Turn
from benchmarks.scenarios.orders.plan import MANY_PRODUCTS, NAMES, Condition, Plan
from benchmarks.scenarios.orders.sides import Side, ours, plain
from benchmarks.scenarios.orders.stores import Stores, open_stores
from chassis.core.ids import new_id
from cli.dev.secrets import ensure_secrets
from cli.links import links

OnTurn = Callable[[str], None]
"""Told what is measured next."""


class DoesNotWork(Exception):
    """A side cannot be measured."""


def measure(plan: Plan, on_turn: OnTurn) -> list[Series]:
    """
    Measure both sides.

    Raises:
        DoesNotWork: One of them fails from the start.
    """
    product_ids, figures = [str(new_id()) for _ in range(MANY_PRODUCTS)], list[Series]()
    with tempfile.TemporaryDirectory() as path:
        folder = Path(path)
        secrets = ensure_secrets(folder / "secrets.json", links())
        with open_stores(folder, secrets) as stores:
            asyncio.run(stores.add_products(product_ids))
            for workers in plan.workers:
                with _both_sides(stores, secrets, folder, workers) as sides:
                    figures += _rounds(plan, sides, product_ids, list(plan.conditions(workers)), on_turn)
    return figures


@contextmanager
def _both_sides(stores: Stores, secrets: Mapping[str, str], folder: Path, workers: int) -> Iterator[list[Side]]:
    processes = {"analytics": 1, "user": 1, "product": workers, "order": workers}
    with deploy(stores.ours, secrets, folder, processes) as services:
        token = log_in(services.environment)
        with ours(stores, services, token) as one, plain(stores, services.keys(), token, workers) as other:
            yield [one, other]


def _rounds(
    plan: Plan, sides: Sequence[Side], product_ids: Sequence[str], conditions: Sequence[Condition], on_turn: OnTurn
) -> list[Series]:
    for side in sides:
        try_once(side, product_ids)
    measured = {(side.key, condition): list[Turn]() for condition in conditions for side in sides}
    for number in range(plan.rounds):
        for condition in conditions:
            for side in sides[:: 1 if number % 2 else -1]:
                on_turn(f"round {number + 1}/{plan.rounds}: {NAMES[side.key]}, {condition.text}")
                wanted = product_ids[: condition.products]
                place(side, Task(plan.warming(condition), wanted))
                measured[side.key, condition].append(place(side, Task(plan.load(condition), wanted)))
    return [Series(key, condition, turns) for (key, condition), turns in measured.items()]


def try_once(side: Side, product_ids: Sequence[str]) -> None:
    """
    Place one order.

    Raises:
        DoesNotWork: It is not confirmed.
    """
    taken = side.run(Task(Load(1, 1, 0.0, 10.0), product_ids))
    if taken.errors:
        raise DoesNotWork(f"{NAMES[side.key]}: {next(iter(taken.errors))}")


def place(side: Side, task: Task) -> Turn:
    """Place orders, and wait for their events: that is part of the work, and the other side shall not have to do it."""
    counted, cpu, everybody = side.counts(), side.cpu_s(), busy_seconds()
    taken = side.run(task)
    drained = side.drain()
    everybody, counts = busy_seconds() - everybody, side.counts()
    used = {part: now - cpu[part] for part, now in side.cpu_s().items()}
    servers = sum(used.values())
    others = max(0.0, (everybody - servers - taken.cpu_s) / (taken.seconds + drained))
    return Turn(
        Measurement(taken, servers, others),
        used,
        counts.commits - counted.commits,
        counts.flushes - counted.flushes,
        drained,
    )
