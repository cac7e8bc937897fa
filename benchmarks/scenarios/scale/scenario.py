"""Runs the plan: step after step on the same databases, then kill after kill."""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.deployment import log_in
from benchmarks.processes import Child
from benchmarks.scenarios.orders.customer import Task, place_orders
from benchmarks.scenarios.orders.plan import MANY_PRODUCTS, OURS
from benchmarks.scenarios.orders.scenario import place, try_once
from benchmarks.scenarios.orders.sides import Side
from benchmarks.scenarios.orders.stores import Stores
from benchmarks.scenarios.scale.failing import fail_over
from benchmarks.scenarios.scale.figures import FailingOver, Figures
from benchmarks.scenarios.scale.fleet import Fleet, running_fleet
from benchmarks.scenarios.scale.invariants import broken_invariants
from benchmarks.scenarios.scale.plan import Plan, Step
from benchmarks.scenarios.scale.stores import Databases, open_databases
from chassis.core.ids import new_id
from cli.dev.secrets import ensure_secrets
from cli.links import links

OnTurn = Callable[[str], None]
"""Told what is done next."""
TURNS_OF_FAILING = 6
"""Starting, four kills, comparing."""


@dataclass(frozen=True, slots=True)
class Run:
    """What all steps have in common."""

    plan: Plan
    folder: Path
    secrets: Mapping[str, str]
    databases: Databases
    nginx: str
    product_ids: list[str]
    on_turn: OnTurn

    @contextmanager
    def fleet(self, name: str, step: Step) -> Iterator[Fleet]:
        """Run the services of a step."""
        self.on_turn(f"{name}: starting {4 * step.replicas} replicas")
        folder = self.folder / name.replace(" ", "-")
        with running_fleet(self.databases.addresses, self.secrets, folder, step, self.nginx) as fleet:
            yield fleet


def measure(plan: Plan, folder: Path, nginx: str, on_turn: OnTurn) -> tuple[list[Figures], FailingOver]:
    """
    Measure every step, and then what kills do.

    Raises:
        CommandError: A database does not start.
        NotReady: A service does not start.
        DoesNotWork: No order can be placed.
    """
    secrets = ensure_secrets(folder / "secrets.json", links())
    with open_databases(folder, secrets) as databases:
        product_ids = [str(new_id()) for _ in range(MANY_PRODUCTS)]
        stores = Stores(databases.addresses, {})
        asyncio.run(stores.add_products(product_ids))
        run = Run(plan, folder, secrets, databases, nginx, product_ids, on_turn)
        figures = [_measure_step(run, stores, step) for step in plan.steps]
        with run.fleet("failing-over", plan.failing) as fleet:
            return figures, asyncio.run(fail_over(plan, databases, fleet, product_ids, on_turn))


def _measure_step(run: Run, stores: Stores, step: Step) -> Figures:
    with run.fleet(step.text, step) as fleet, _customer(run.databases, fleet, stores) as side:
        run.on_turn(f"{step.text}: ordering")
        try_once(side, run.product_ids)
        place(side, Task(run.plan.warming, run.product_ids))
        turn = place(side, Task(run.plan.load, run.product_ids))
        broken = asyncio.run(broken_invariants(fleet.environment))
        return Figures(step, turn, _idle_cores(side, run.plan.idle_s), fleet.memory_mib, broken)


@contextmanager
def _customer(databases: Databases, fleet: Fleet, stores: Stores) -> Iterator[Side]:
    """Give the customer of the orders benchmark, who orders through nginx."""
    pids = {name: [replica.pid for replica in replicas] for name, replicas in fleet.replicas.items()}
    roots = {
        "order": pids["order"],
        "product": pids["product"],
        "events": [*pids["analytics"], *pids["user"], *(member.pid for member in databases.mongodb.members)],
        "nginx": [fleet.nginx.pid],
    }
    with Child(place_orders, fleet.environment["ORDER_SERVICE_URL"], log_in(fleet.environment)) as customer:
        customer.ready()
        yield Side(OURS, customer, stores, roots)


def _idle_cores(side: Side, seconds: float) -> float:
    """Watch everything while nobody orders."""
    before, begun = sum(side.cpu_s().values()), time.perf_counter()
    time.sleep(seconds)  # what is measured is this time itself, in which nothing happens that could be waited for
    return (sum(side.cpu_s().values()) - before) / (time.perf_counter() - begun)
