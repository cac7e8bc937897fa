"""Runs the plan: candidates take turns, round after round."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

from benchmarks.load import Load
from benchmarks.machine import busy_seconds
from benchmarks.measurement import NOISY, Measurement
from benchmarks.scenarios.dispatch.candidates import CANDIDATES
from benchmarks.scenarios.dispatch.credentials import make_secrets
from benchmarks.scenarios.dispatch.figures import Figures, Series
from benchmarks.scenarios.dispatch.handshake import observe_tls
from benchmarks.scenarios.dispatch.products import SMALL
from benchmarks.scenarios.dispatch.scenario import (
    BUSY,
    GROWING,
    MUTUAL_TLS,
    WORKERS,
    Condition,
    Plan,
    base_conditions,
    size_conditions,
)
from benchmarks.scenarios.dispatch.sides import Sides, Task, both_sides


class DoesNotWork(Exception):
    """A candidate cannot be measured."""


OnTurn = Callable[[str], None]
"""Told what is measured next."""


def count_turns(plan: Plan, keys: str) -> int:
    """Say how many measurements a run has."""
    growing = sum(key in GROWING for key in keys)
    growth = len(list(size_conditions())) + len(WORKERS)
    return len(keys) * len(list(base_conditions())) * plan.rounds + growing * growth * plan.growth_rounds


def measure(plan: Plan, keys: str, on_turn: OnTurn) -> Figures:
    """
    Measure the candidates *keys*.

    Raises:
        DoesNotWork: One of them fails from the start.
    """
    return _Run(plan, on_turn).measure(keys)


class _Run:
    """One run of a plan."""

    def __init__(self, plan: Plan, on_turn: OnTurn) -> None:
        self._plan = plan
        self._on_turn = on_turn
        self._repeats = plan.repeats
        self._secrets = make_secrets()

    def measure(self, keys: str) -> Figures:
        """Measure the candidates *keys*."""
        with self._start(keys) as sides:
            tls = [observe_tls(one.ports[0], self._secrets) for one in sides if one.key == MUTUAL_TLS]
            base = self._rounds(self._plan.rounds, sides, list(base_conditions()), percentiles=True)
            growing = [one for one in sides if one.key in GROWING]
            sizes = self._rounds(self._plan.growth_rounds, growing, list(size_conditions()))
        return Figures(base, sizes, self._measure_workers("".join(one.key for one in growing)), tls[0] if tls else {})

    def _measure_workers(self, keys: str) -> list[Series]:
        every = list[Series]()
        for workers in WORKERS if self._plan.growth_rounds else ():
            with self._start(keys, workers) as sides:
                every += self._rounds(self._plan.growth_rounds, sides, [Condition(BUSY, workers=workers)])
        return every

    @contextmanager
    def _start(self, keys: str, workers: int = 1) -> Iterator[list[Sides]]:
        with ExitStack() as stack:
            sides = [stack.enter_context(both_sides(CANDIDATES[key], self._secrets, workers)) for key in keys]
            for one in sides:
                _try(one)
            yield sides

    def _rounds(
        self, rounds: int, sides: Sequence[Sides], conditions: Sequence[Condition], *, percentiles: bool = False
    ) -> list[Series]:
        measured: dict[tuple[str, Condition], list[Measurement]] = {
            (one.key, condition): [] for condition in conditions for one in sides
        }
        for number in range(rounds):
            first = number % len(sides) if sides else 0
            for condition in conditions:
                for one in (*sides[first:], *sides[:first]):  # nobody always follows the same neighbour
                    self._on_turn(f"round {number + 1}/{rounds}: {one.name}, {_describe(condition)}")
                    measured[one.key, condition].append(self._measure_quietly(one, condition, percentiles=percentiles))
        return [Series(key, condition, found) for (key, condition), found in measured.items() if found]

    def _measure_quietly(self, sides: Sides, condition: Condition, *, percentiles: bool) -> Measurement:
        """Measure, and once more if something else was busy meanwhile; the quieter of the two holds."""
        load = self._plan.load(condition, percentiles=percentiles)
        sides.run(Task(self._plan.warming(condition), condition.size))
        first = _measure_once(sides, Task(load, condition.size))
        if first.others < NOISY or not self._repeats:
            return first
        self._repeats -= 1
        return min(first, _measure_once(sides, Task(load, condition.size)), key=lambda one: one.others)


def _try(sides: Sides) -> None:
    taken = sides.run(Task(Load(1, 1, 0.0, 1.0), SMALL))
    if taken.errors:
        raise DoesNotWork(f"({sides.key}) {sides.name} does not work: {next(iter(taken.errors))}")


def _measure_once(sides: Sides, task: Task) -> Measurement:
    server, everybody = sides.server_cpu(), busy_seconds()
    taken = sides.run(task)
    server, everybody = sides.server_cpu() - server, busy_seconds() - everybody
    return Measurement(taken, server, max(0.0, (everybody - server - taken.cpu_s) / taken.seconds))


def _describe(condition: Condition) -> str:
    workers = f", {condition.workers} workers" if condition.workers > 1 else ""
    return f"{condition.concurrency} concurrent, {condition.size:,} B{workers}"
