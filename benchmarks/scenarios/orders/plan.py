"""What a run measures, and for how long."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

from benchmarks.load import Load

OURS, PLAIN = "ours", "plain"
NAMES = {OURS: "order and product service", PLAIN: "aiohttp and asyncpg by hand"}
PARTS = ("order", "product", "PostgreSQL", "events")
"""Where CPU goes; `events` is who hears of orders, with its database, and who issues the tokens."""
BUSY = 32
"""Orders at a time, at which the target is and workers are added."""
MANY_PRODUCTS = 20
WORKERS = (1, 2, 4)
"""Of order and product each."""
_FEWEST_ORDERS = 1_000
"""Per condition, in all rounds together: a 99th percentile of fewer says little."""


@dataclass(frozen=True, slots=True)
class Condition:
    """Under what both sides are measured."""

    concurrency: int = BUSY
    products: int = MANY_PRODUCTS
    """Over how many products the orders are spread; with one, all want the same row."""
    workers: int = 1

    @property
    def text(self) -> str:
        """Say it in short: as many at a time, products, workers."""
        return f"{self.concurrency}/{self.products}/{self.workers}"


@dataclass(frozen=True, slots=True)
class Plan:
    """How long to measure. In each round the sides take turns, so that a drift of the machine hits both alike."""

    rounds: int
    workers: tuple[int, ...]
    seconds: float
    """Least length of one measurement."""
    warm_up: float
    """Seconds before each measurement that are not counted."""
    longest: float
    """Most seconds of one measurement."""

    def load(self, condition: Condition) -> Load:
        """Say what one measurement is."""
        orders = ceil(_FEWEST_ORDERS / self.rounds)
        return Load(condition.concurrency, orders, self.seconds, self.longest)

    def warming(self, condition: Condition) -> Load:
        """Say what goes before it."""
        return Load(condition.concurrency, 2 * condition.concurrency, self.warm_up, self.longest)

    def conditions(self, workers: int) -> Iterator[Condition]:
        """Give what is measured with so many workers."""
        if workers == 1:
            yield Condition(concurrency=1)
        yield Condition(workers=workers)
        yield Condition(products=1, workers=workers)

    @property
    def turns(self) -> int:
        """How many measurements a run has."""
        return 2 * self.rounds * sum(len(list(self.conditions(workers))) for workers in self.workers)


FULL = Plan(rounds=5, workers=WORKERS, seconds=4.0, warm_up=0.7, longest=15.0)
QUICK = Plan(rounds=2, workers=(1,), seconds=2.0, warm_up=0.5, longest=10.0)
