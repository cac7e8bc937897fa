"""The figures of a run: one measurement of a side, and what all rounds of a condition come to."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from benchmarks.measurement import Measurement, errors_of
from benchmarks.scenarios.orders.plan import NAMES, PARTS, Condition


@dataclass(frozen=True, slots=True)
class Turn:
    """One side, one condition, one round."""

    measurement: Measurement
    cpu_s: dict[str, float]
    """Of each part of the side, until the last event had arrived."""
    commits: int
    flushes: int
    drain_s: float
    """From the last answer until the last event had arrived."""

    def per_order(self, amount: float) -> float:
        """Divide by the orders that were placed."""
        return amount / max(self.measurement.taken.calls, 1)


@dataclass(frozen=True, slots=True)
class Series:
    """One side under one condition, all rounds; figures are medians over the quiet ones, if there are any."""

    key: str
    condition: Condition
    turns: Sequence[Turn]

    @property
    def rounds(self) -> list[Measurement]:
        """What the customer saw in each round."""
        return [one.measurement for one in self.turns]

    @property
    def errors(self) -> Counter[str]:
        """Orders that failed, in all rounds."""
        return errors_of(self.rounds)

    @property
    def cpu_us(self) -> dict[str, float]:
        """Microseconds of CPU per order: the customer's, and each part's."""
        customer = {"customer": self.median(lambda one: one.measurement.client_us)}
        return customer | {
            part: self.median(lambda one, part=part: one.per_order(one.cpu_s.get(part, 0)) * 1e6)  # type: ignore[misc]
            for part in PARTS
        }

    def median(self, figure: Callable[[Turn], float]) -> float:
        """Give the median of a figure."""
        return median(map(figure, [one for one in self.turns if one.measurement.is_quiet] or self.turns))

    def as_json(self) -> dict[str, Any]:
        """Give everything there is to say."""
        return {
            "side": self.key,
            "name": NAMES[self.key],
            "concurrency": self.condition.concurrency,
            "products": self.condition.products,
            "workers": self.condition.workers,
            "rounds": len(self.turns),
            "quiet_rounds": sum(one.is_quiet for one in self.rounds),
            "orders": sum(one.taken.calls for one in self.rounds),
            "errors": dict(self.errors),
            "per_second": round(self.median(lambda one: one.measurement.per_second), 1),
            "per_second_of_each_round": [round(one.per_second, 1) for one in self.rounds],
            "p50_ms": round(self.median(lambda one: one.measurement.p50_ms), 2),
            "p99_ms": round(self.median(lambda one: one.measurement.p99_ms), 2),
            "cpu_us_per_order": {part: round(value) for part, value in self.cpu_us.items()},
            "commits_per_order": round(self.median(lambda one: one.per_order(one.commits)), 2),
            "log_flushes_per_order": round(self.median(lambda one: one.per_order(one.flushes)), 2),
            "seconds_until_last_event": round(self.median(lambda one: one.drain_s), 2),
            "cores_busy_with_others": round(self.median(lambda one: one.measurement.others), 2),
        }
