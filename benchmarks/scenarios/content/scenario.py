"""A page of a hundred rows: the content service, and one query by hand, on one PostgreSQL with the same reader."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from math import ceil
from pathlib import Path
from typing import Any

from benchmarks.deployment import deploy
from benchmarks.load import Load, Task
from benchmarks.measurement import Series
from benchmarks.results import results_as_json
from benchmarks.runner import OnTurn, Rounds, Turn
from benchmarks.scenario import Scenario
from benchmarks.scenarios.content.figures import BUSY, CONDITIONS, Condition, draw, notes, results, row, tables
from benchmarks.scenarios.content.peer import BY_ORJSON, BY_POSTGRES, LENGTH
from benchmarks.scenarios.content.sides import NAMES, ours, peer, walk
from benchmarks.scenarios.content.stores import ROWS, SERVICES, open_stores
from cli.dev.secrets import ensure_secrets
from cli.links import links

_FEWEST = 1_000
"""Per condition, in all rounds together: a 99th percentile of fewer is meaningless."""


@dataclass(frozen=True, slots=True)
class Plan:
    """
    The length of the measurements.

    Attributes:
        seconds: The minimum length of one measurement.
        warm_up: Seconds before each measurement that do not count.
        longest: The maximum length of one measurement, in seconds.
        repeats: The number of measurements that may be repeated because of other work on the machine.
    """

    rounds: int
    seconds: float
    warm_up: float
    longest: float
    repeats: int

    def turn(self, condition: Condition, wanted: Sequence[str]) -> Turn:
        """Return a side's turn under a condition."""
        concurrency = condition.concurrency
        warm_up = Load(concurrency, 2 * concurrency, self.warm_up, self.longest)
        load = Load(concurrency, ceil(_FEWEST / self.rounds), self.seconds, self.longest)
        return Turn(Task(warm_up, wanted), Task(load, wanted))

    @property
    def turns(self) -> int:
        """The number of measurements in a run."""
        return self.rounds * len(NAMES) * len(CONDITIONS)


FULL = Plan(rounds=5, seconds=3.0, warm_up=0.7, longest=10.0, repeats=10)
QUICK = Plan(rounds=2, seconds=1.5, warm_up=0.5, longest=8.0, repeats=2)


def measure(plan: Plan, folder: Path, on_turn: OnTurn) -> list[Series[Condition]]:
    """
    Measure all sides.

    Raises:
        DoesNotWork: One of them fails from the start, or its pages differ.
        NotReady: A service does not start.
    """
    secrets = ensure_secrets(folder / "secrets.json", links())
    with ExitStack() as stack:
        stores = stack.enter_context(open_stores(folder, secrets))
        services = stack.enter_context(deploy(stores.environment, secrets, folder, dict.fromkeys(SERVICES, 1)))
        pages = walk(services.address("content"))
        sides = [stack.enter_context(ours(stores, services, pages))]
        sides += [stack.enter_context(peer(way, stores, pages)) for way in (BY_POSTGRES, BY_ORJSON)]
        wanted = list(pages.rows)
        for side in sides:
            side.try_once(wanted)
        return Rounds(on_turn, plan.repeats).measure(
            sides, CONDITIONS, plan.rounds, lambda _side, one, _: plan.turn(one, wanted)
        )


def _content(plan: Plan, figures: Sequence[Series[Condition]]) -> dict[str, Any]:
    return {"plan": asdict(plan), "ratios": results_as_json(results(figures)), "series": list(map(row, figures))}


SCENARIO = Scenario(
    name="content",
    packages=("aiohttp", "asyncpg", "fastapi", "gunicorn", "orjson", "pydantic", "sqlalchemy", "starlette", "uvicorn",
              "uvloop"),
    measure=measure,
    tables=tables,
    notes=notes,
    content=_content,
    draw=draw,
    headline=(
        f"A page of {LENGTH} of {ROWS:,} rows, {BUSY} at a time. {{processor}}, {{cores}} cores for reader, service "
        "and PostgreSQL, Python {python}"
    ),
    size=(12, 3.2),
)  # fmt: skip
