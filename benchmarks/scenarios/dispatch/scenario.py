"""What a run measures, and for how long."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

from benchmarks.load import Load
from benchmarks.scenarios.dispatch.products import SIZES, SMALL

CONCURRENCIES = (1, 32)
BUSY = 32
"""Concurrent calls at which the targets are, and at which workers are added."""
MUTUAL_TLS = "c"
GROWING = "abc"
"""The candidates whose cost is measured as answers and workers grow."""
SIZES_CONCURRENCY = 8
"""Fewer, so that calls of 1 MB stay below the 2 s at which the dispatcher's breaker counts them as slow."""
WORKERS = (1, 2, 3, 4)
_FEWEST_CALLS = 2_000
"""Per condition, in all rounds together: a 99th percentile of fewer says little."""


@dataclass(frozen=True, slots=True)
class Condition:
    """Under what a candidate is measured."""

    concurrency: int = BUSY
    size: int = SMALL
    """Bytes of the answer, before anybody seals it."""
    workers: int = 1


@dataclass(frozen=True, slots=True)
class Plan:
    """How long to measure. Each round takes every candidate in turn, so that a drift of the machine hits all alike."""

    rounds: int
    growth_rounds: int
    """0: leaves growth out."""
    seconds: float
    """Least length of one measurement."""
    warm_up: float
    """Seconds before each measurement that are not counted."""
    longest: float
    """Most seconds of one measurement."""
    repeats: int
    """How many measurements may be made once more because something else was busy meanwhile."""

    def load(self, condition: Condition, *, percentiles: bool) -> Load:
        """Say what one measurement is; with *percentiles* it has its share of 2,000 calls."""
        calls = ceil(_FEWEST_CALLS / self.rounds) if percentiles else 1
        return Load(condition.concurrency, calls, self.seconds, self.longest)

    def warming(self, condition: Condition) -> Load:
        """Say what goes before it."""
        return Load(condition.concurrency, condition.concurrency, self.warm_up, self.longest)


FULL = Plan(rounds=7, growth_rounds=3, seconds=0.9, warm_up=0.2, longest=4.0, repeats=25)
QUICK = Plan(rounds=3, growth_rounds=0, seconds=0.6, warm_up=0.15, longest=3.0, repeats=5)


def base_conditions() -> Iterator[Condition]:
    """Give those under which all candidates are compared."""
    yield from (Condition(concurrency) for concurrency in CONCURRENCIES)


def size_conditions() -> Iterator[Condition]:
    """Give the growing answers."""
    yield from (Condition(SIZES_CONCURRENCY, size) for size in SIZES)
