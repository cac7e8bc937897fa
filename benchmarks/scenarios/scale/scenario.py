"""More workers and replicas behind nginx, step by step on the same databases; then kills of primaries and replicas."""

import asyncio
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.deployment import find_nginx
from benchmarks.load import Load, Task
from benchmarks.runner import OnTurn, Side
from benchmarks.scenario import Scenario
from benchmarks.scenarios.orders.scenario import new_product_ids
from benchmarks.scenarios.orders.sides import ours
from benchmarks.scenarios.orders.stores import Stores
from benchmarks.scenarios.scale.failing import TURNS as FAILING_TURNS
from benchmarks.scenarios.scale.failing import Crowd, broken_invariants, fail_over
from benchmarks.scenarios.scale.figures import CONCURRENCY, Figures, StepFigures, breaches, draw, notes, row, tables
from benchmarks.scenarios.scale.fleet import Databases, Fleet, Step, open_databases, running_fleet
from cli.dev.secrets import ensure_secrets
from cli.links import links

_FAILING = Step(workers=2, replicas=2)


@dataclass(frozen=True, slots=True)
class Plan:
    """
    The size of the scenario.

    Attributes:
        seconds: The minimum length of a step's measurement.
        orders: The minimum number in it: a 99th percentile of fewer is meaningless.
        idle_s: Seconds for which a step is observed without load.
        window_s: Seconds from one kill to the next, and from the last to the end of the load.
        customers: The number of customers during the kills.
        failing: The deployment during the kills.
    """

    steps: tuple[Step, ...]
    seconds: float
    orders: int
    idle_s: float
    window_s: float
    customers: int = 16
    failing: Step = _FAILING

    @property
    def turns(self) -> int:
        """The number of turns: starting and ordering in each step, and the kills."""
        return 2 * len(self.steps) + FAILING_TURNS

    @property
    def load(self) -> Load:
        """The load of one measurement."""
        return Load(CONCURRENCY, self.orders, self.seconds, 3 * self.seconds)

    @property
    def warm_up(self) -> Load:
        """The warm-up before it."""
        return Load(CONCURRENCY, 2 * CONCURRENCY, self.seconds / 3, self.seconds)


FULL = Plan(
    steps=tuple(Step(workers, replicas) for workers in (1, 2, 4) for replicas in (1, 2, 3)),
    seconds=10.0,
    orders=1_000,
    idle_s=4.0,
    window_s=15.0,
)
QUICK = Plan(steps=(Step(1, 1), Step(1, 2), Step(2, 2)), seconds=4.0, orders=200, idle_s=2.0, window_s=9.0)


@dataclass(frozen=True, slots=True)
class _Run:
    """The state that all steps share."""

    plan: Plan
    folder: Path
    secrets: Mapping[str, str]
    databases: Databases
    product_ids: list[str]
    on_turn: OnTurn

    @property
    def stores(self) -> Stores:
        """The databases in the form of the orders benchmark."""
        postgres, mongodb = self.databases.postgres, self.databases.mongodb
        pids = [postgres.primary.pid, postgres.standby.pid], [member.pid for member in mongodb.members]
        return Stores(self.databases.addresses, *pids)

    @contextmanager
    def fleet(self, name: str, step: Step) -> Iterator[Fleet]:
        """Run the services of a step."""
        self.on_turn(f"{name}: starting {4 * step.replicas} replicas")
        folder, (nginx, _) = self.folder / name.replace(" ", "-"), find_nginx(os.environ["PATH"])
        with running_fleet(self.databases.addresses, self.secrets, folder, step, nginx) as fleet:
            yield fleet


def measure(plan: Plan, folder: Path, on_turn: OnTurn) -> Figures:
    """
    Measure every step, and then the effect of kills.

    Raises:
        CommandError: A database does not start.
        NotReady: A service does not start.
        DoesNotWork: No order can be placed.
    """
    secrets = ensure_secrets(folder / "secrets.json", links())
    with open_databases(folder, secrets) as databases:
        run = _Run(plan, folder, secrets, databases, new_product_ids(), on_turn)
        asyncio.run(run.stores.add_products(run.product_ids))
        steps = [_measure_step(run, step) for step in plan.steps]
        with run.fleet("failing-over", plan.failing) as fleet:
            crowd = Crowd(plan.customers, plan.window_s, run.product_ids)
            return Figures(steps, asyncio.run(fail_over(crowd, databases, fleet, on_turn)))


def _measure_step(run: _Run, step: Step) -> StepFigures:
    with run.fleet(str(step), step) as fleet:
        pids = {name: [replica.pid for replica in replicas] for name, replicas in fleet.replicas.items()}
        with ours(run.stores, fleet.environment, pids | {"nginx": [fleet.nginx.pid]}) as side:
            run.on_turn(f"{step}: ordering")
            side.try_once(run.product_ids)
            side.run(Task(run.plan.warm_up, run.product_ids))
            side.drain()
            measurement = side.measure(Task(run.plan.load, run.product_ids))
            broken = asyncio.run(broken_invariants(fleet.environment))
            return StepFigures(step, measurement, _idle_cores(side, run.plan.idle_s), fleet.memory_mib, broken)


def _idle_cores(side: Side, seconds: float) -> float:
    """Measure the idle CPU use."""
    before, begun = sum(side.cpu_s().values()), time.perf_counter()
    time.sleep(seconds)  # the measured time itself: there is no event to wait for
    return (sum(side.cpu_s().values()) - before) / (time.perf_counter() - begun)


def _content(plan: Plan, figures: Figures) -> dict[str, Any]:
    failing = figures.failing
    kills = {"acknowledged": failing.acknowledged, "kills": [one.as_json() for one in failing.recoveries]}
    return {"plan": asdict(plan), "steps": list(map(row, figures.steps)), "failing_over": kills}


SCENARIO = Scenario(
    name="scale",
    packages=(
        "asyncpg", "fastapi", "gunicorn", "pydantic", "sqlalchemy", "starlette", "uvicorn", "uvloop",
    ),
    measure=measure,
    tables=tables,
    notes=notes,
    content=_content,
    draw=draw,
    headline=(
        f"{CONCURRENCY} orders at a time. {{processor}}, {{cores}} cores for customer, nginx, services and databases"
    ),
    size=(10, 3.6),
    programs=lambda: {"nginx": find_nginx(os.environ["PATH"])[1]},
    breaches=breaches,
)  # fmt: skip
