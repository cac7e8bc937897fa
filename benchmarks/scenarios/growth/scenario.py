"""Growth: the same requests with empty and with grown databases, in turn; purges, and an outbox that waits."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.load import Load, Task
from benchmarks.measurement import Series
from benchmarks.plans import flaws_of_statements
from benchmarks.results import results_as_json
from benchmarks.runner import OnTurn, Rounds, Side, Turn
from benchmarks.scenario import Scenario
from benchmarks.scenarios.growth.backlog import Drain, cancel_waiting, measure_drain, out_of_order
from benchmarks.scenarios.growth.figures import Figures, breaches, content, notes, results, tables
from benchmarks.scenarios.growth.filling import Content, fill, fill_outbox, steps
from benchmarks.scenarios.growth.operations import OPERATIONS, WAITING, Operation
from benchmarks.scenarios.growth.purging import measure_purges
from benchmarks.scenarios.growth.rows import Sizes
from benchmarks.scenarios.growth.stacks import Stack, deploy_stack, do_each
from benchmarks.scenarios.growth.stores import EMPTY, GROWN, SERVICES_WITH_TABLES, Databases, open_stores
from cli.demo.accounts import PERSON, ensure_demo_admin, ensure_demo_person
from cli.dev.secrets import ensure_secrets
from cli.links import links
from user.password_hashing import hash_password

_EMPTY = Sizes(orders=2_000, movements=20_000, products=400, users=2_000, events=30_000)
"""Just enough for full pages. Its events wait at a time when its other figures are known."""


@dataclass(frozen=True, slots=True)
class Plan:
    """
    The size of the measurements.

    Attributes:
        sizes: Of the grown databases.
        calls: The least number of calls in one measurement.
        seconds: The least length of one measurement.
        drained: Seconds in which delivered events are counted.
    """

    sizes: Sizes
    rounds: int
    calls: int
    seconds: float
    drained: float

    def turn(self, operation: Operation, stack: Stack) -> Turn:
        """Return a side's turn."""
        wanted, at_once = operation.wanted(stack.samples), operation.concurrency
        warm_up = Load(at_once, 4 * at_once, self.seconds / 4, 15.0)
        return Turn(Task(warm_up, wanted), Task(Load(at_once, self.calls, self.seconds, 15.0), wanted))

    @property
    def contents(self) -> dict[str, Sizes]:
        """The sizes by side."""
        return {EMPTY: _EMPTY, GROWN: self.sizes}

    @property
    def turns(self) -> int:
        """The number of measurements and of steps of the filling."""
        filling = sum(map(steps, self.contents.values()))
        return filling + 2 * self.rounds * (len(OPERATIONS) + 1) + 4


FULL = Plan(
    Sizes(orders=1_000_000, movements=10_000_000, products=100_000, users=1_000_000, events=1_000_000),
    rounds=5,
    calls=200,
    seconds=0.8,
    drained=15.0,
)
QUICK = Plan(
    Sizes(orders=50_000, movements=500_000, products=5_000, users=50_000, events=50_000),
    rounds=2,
    calls=100,
    seconds=0.5,
    drained=5.0,
)


def measure(plan: Plan, folder: Path, on_turn: OnTurn) -> Figures:
    """
    Measure everything.

    Raises:
        DoesNotWork: A side fails from the start.
        NotReady: A service does not start.
    """
    secrets = ensure_secrets(folder / "secrets.json", links())
    with open_stores(folder, secrets) as (sides, postgres_pids):
        begun = time.perf_counter()
        contents = {one.side: _fill(one, secrets, plan.contents[one.side], on_turn) for one in sides}
        filled_s = time.perf_counter() - begun
        megabytes = {one.side: asyncio.run(one.megabytes()) for one in sides}
        flaws = asyncio.run(_flaws(sides[1]))
        with ExitStack() as stack:
            stacks = [
                stack.enter_context(deploy_stack(one, secrets, folder / one.side, postgres_pids)) for one in sides
            ]
            asyncio.run(sides[1].forget_scans())
            series = _measure_requests(plan, stacks, on_turn)
            waiting, drains, disordered = _measure_backlog(plan, stacks, contents, on_turn)
        # The counters of the services' connections are complete when these have ended.
        scanned = asyncio.run(sides[1].scanned())
        purges = measure_purges(sides, 2 * plan.rounds)
    return Figures([*series, *waiting], drains, purges, flaws, scanned, disordered, plan.contents, megabytes, filled_s)


def _fill(databases: Databases, secrets: Mapping[str, str], sizes: Sizes, on_turn: OnTurn) -> Content:
    """Create the two accounts that log in, and fill the databases of a side."""
    return asyncio.run(_fill_databases(databases, {**secrets, **databases.urls}, sizes, on_turn))


async def _fill_databases(
    databases: Databases, environment: Mapping[str, str], sizes: Sizes, on_turn: OnTurn
) -> Content:
    await ensure_demo_admin(environment)
    await ensure_demo_person(environment)
    person_id = await databases.person_id(PERSON.name)
    content = Content(sizes, datetime.now(UTC), person_id, await hash_password(PERSON.password))
    addresses = {service: databases.administrator(service) for service in SERVICES_WITH_TABLES}
    await fill(addresses, content, lambda what: on_turn(f"filling {databases.side} databases: {what}"))
    return content


async def _flaws(databases: Databases) -> list[str]:
    found = list[str]()
    for service in SERVICES_WITH_TABLES:
        async with databases.open(service) as connection:
            found += await flaws_of_statements(connection, service)
    return found


def _measure_requests(plan: Plan, stacks: Sequence[Stack], on_turn: OnTurn) -> list[Series[Operation]]:
    by_side = {one.databases.side: one for one in stacks}
    with ExitStack() as stack:
        sides = [stack.enter_context(one.client()) for one in stacks]
        for side in sides:
            for operation in OPERATIONS:
                do_each(side, operation.wanted(by_side[side.key].samples)[:1])
        return _in_turn(plan, sides, by_side, OPERATIONS, on_turn)


def _in_turn(
    plan: Plan, sides: Sequence[Side], stacks: Mapping[str, Stack], operations: Sequence[Operation], on_turn: OnTurn
) -> list[Series[Operation]]:
    rounds = Rounds(on_turn)
    return rounds.measure(sides, operations, plan.rounds, lambda side, one, _: plan.turn(one, stacks[side.key]))


def _measure_backlog(
    plan: Plan, stacks: Sequence[Stack], contents: Mapping[str, Content], on_turn: OnTurn
) -> tuple[list[Series[Operation]], list[Drain], list[str]]:
    """Order while analytics hangs and a million events wait, beside an empty outbox; then let both drain."""
    empty, grown = stacks
    by_side = {one.databases.side: one for one in stacks}
    with ExitStack() as stack:
        sides = [stack.enter_context(one.client(waits=False)) for one in stacks]
        with empty.consumer_stopped(), grown.consumer_stopped():
            _let_wait(grown, contents[GROWN], on_turn)
            series = _in_turn(plan, sides, by_side, [WAITING], on_turn)
            _let_wait(empty, contents[EMPTY], on_turn)
            cancelled = cancel_waiting(grown, sides[1])
        drains = list[Drain]()
        for one in stacks:
            on_turn(f"delivering the waiting events of the {one.databases.side} side")
            drains.append(measure_drain(one, contents[one.databases.side].sizes.events, plan.drained))
        return series, drains, out_of_order(grown, cancelled)


def _let_wait(stack: Stack, content: Content, on_turn: OnTurn) -> None:
    asyncio.run(fill_outbox(stack.databases.administrator("order"), content, on_turn))


def _content(plan: Plan, figures: Figures) -> dict[str, Any]:
    return {"plan": asdict(plan), "ratios": results_as_json(results(figures)), **content(figures)}


SCENARIO = Scenario(
    name="growth",
    packages=("asyncpg", "fastapi", "gunicorn", "pydantic", "sqlalchemy", "starlette", "uvicorn", "uvloop"),
    measure=measure,
    tables=tables,
    notes=notes,
    content=_content,
    breaches=breaches,
)
