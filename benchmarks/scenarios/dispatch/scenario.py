"""One service calls another: the dispatcher, gRPC and httpx. Candidates take turns under the same conditions."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from math import ceil
from pathlib import Path
from typing import Any

from benchmarks.load import Load, Task, run_client
from benchmarks.measurement import Series
from benchmarks.processes import Child
from benchmarks.results import results_as_json
from benchmarks.runner import OnTurn, Rounds, Side, Turn
from benchmarks.scenario import Scenario
from benchmarks.scenarios.dispatch.candidates import CANDIDATES, MUTUAL_TLS, USUAL
from benchmarks.scenarios.dispatch.credentials import Secrets, make_secrets, observe_tls
from benchmarks.scenarios.dispatch.figures import (
    BASE,
    GROWING,
    Condition,
    Figures,
    candidate_name,
    draw,
    notes,
    results,
    row,
    tables,
)
from benchmarks.scenarios.dispatch.products import SMALL, ids_of

WORKERS = (1, 2, 3, 4)
_FEWEST_CALLS = 2_000
"""Per condition, in all rounds together: a 99th percentile of fewer is meaningless."""
_BACKLOG = 2048


@dataclass(frozen=True, slots=True)
class Plan:
    """
    The length of the measurements.

    Attributes:
        growth_rounds: 0 omits growth.
        seconds: The minimum length of one measurement.
        warm_up: Seconds before each measurement that do not count.
        longest: The maximum length of one measurement, in seconds.
        repeats: The number of measurements that may be repeated because of other work on the machine.
        keys: The candidates to measure.
    """

    rounds: int
    growth_rounds: int
    seconds: float
    warm_up: float
    longest: float
    repeats: int
    keys: str = USUAL

    def turn(self, condition: Condition, calls: int) -> Turn:
        """Return a side's turn under a condition, with at least this many calls."""
        ids, concurrency = ids_of(condition.size), condition.concurrency
        warm_up = Load(concurrency, concurrency, self.warm_up, self.longest)
        return Turn(Task(warm_up, ids), Task(Load(concurrency, calls, self.seconds, self.longest), ids))

    @property
    def growing(self) -> str:
        """The candidates measured with growing answers and workers."""
        return "".join(key for key in self.keys if CANDIDATES[key].marker)

    @property
    def turns(self) -> int:
        """The number of measurements in a run."""
        growth = len(self.growing) * (len(GROWING) + len(WORKERS)) * self.growth_rounds
        return len(self.keys) * len(BASE) * self.rounds + growth


FULL = Plan(rounds=7, growth_rounds=3, seconds=0.9, warm_up=0.2, longest=4.0, repeats=25)
QUICK = Plan(rounds=3, growth_rounds=0, seconds=0.6, warm_up=0.15, longest=3.0, repeats=5)


def measure(plan: Plan, _folder: Path, on_turn: OnTurn) -> Figures:
    """
    Measure the candidates.

    Raises:
        DoesNotWork: One of them fails from the start.
    """
    secrets, rounds, workers = make_secrets(), Rounds(on_turn, plan.repeats), list[Series[Condition]]()
    with _sides(plan.keys, secrets) as (sides, ports):
        tls = observe_tls(ports[MUTUAL_TLS], secrets) if MUTUAL_TLS in ports else {}
        calls = ceil(_FEWEST_CALLS / plan.rounds)
        base = rounds.measure(sides, BASE, plan.rounds, lambda _side, condition, _: plan.turn(condition, calls))
        growing = [side for side in sides if side.key in plan.growing]
        sizes = rounds.measure(
            growing, GROWING, plan.growth_rounds, lambda _side, condition, _: plan.turn(condition, 1)
        )
    for count in WORKERS if plan.growth_rounds else ():
        with _sides(plan.growing, secrets, count) as (sides, _):
            condition = Condition(workers=count)
            workers += rounds.measure(sides, [condition], plan.growth_rounds, lambda _side, one, _: plan.turn(one, 1))
    return Figures(base, sizes, workers, tls)


@contextmanager
def _sides(keys: str, secrets: Secrets, workers: int = 1) -> Iterator[tuple[list[Side], dict[str, int]]]:
    """Run the candidates, each with a client process and *workers* server processes; yields a port of each, too."""
    with ExitStack() as stack:
        started = [(key, *_start(stack, key, secrets, workers)) for key in keys]
        for _, side, _ in started:
            side.try_once(ids_of(SMALL)[:1])
        yield [side for _, side, _ in started], {key: port for key, _, port in started}


def _start(stack: ExitStack, key: str, secrets: Secrets, workers: int) -> tuple[Side, int]:
    candidate = CANDIDATES[key]
    listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=_BACKLOG))
    servers = [stack.enter_context(Child(candidate.serve, listener, secrets)) for _ in range(workers)]
    ports = [server.ready() for server in servers]
    client = stack.enter_context(Child(run_client, candidate.connect, ports, secrets))
    client.ready()
    return Side(key, candidate_name(key), client.ask, {"server": [server.pid for server in servers]}), ports[0]


def content(plan: Plan, figures: Figures) -> dict[str, Any]:
    """Return the stored figures."""
    return {
        "tls": figures.tls,
        "plan": {name: value for name, value in asdict(plan).items() if name != "keys"},
        "ratios": results_as_json(results(figures)),
        "comparison": list(map(row, figures.base)),
        "growth_of_answers": list(map(row, figures.sizes)),
        "growth_of_workers": list(map(row, figures.workers)),
    }


SCENARIO = Scenario(
    name="dispatch",
    packages=(
        "aiohttp", "cryptography", "fastapi", "grpcio", "httptools", "httpx", "httpx-aiohttp", "orjson", "protobuf",
        "pydantic", "starlette", "uvicorn", "uvloop",
    ),
    measure=measure,
    tables=tables,
    notes=notes,
    content=content,
    draw=draw,
    headline=(
        f"One product by its id, {SMALL} B; one client process, one server process. "
        "{processor}, {cores} cores for both, Python {python}"
    ),
    size=(10, 9.6),
)  # fmt: skip
