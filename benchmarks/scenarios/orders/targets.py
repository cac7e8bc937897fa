"""What placing an order is meant to reach beside the peer."""

from collections.abc import Iterator, Sequence

from benchmarks.scenarios.orders.figures import Series
from benchmarks.scenarios.orders.plan import BUSY, OURS, PLAIN, Condition
from benchmarks.targets import Result, Target, hold_against

_THROUGHPUT = 0.5


def results(figures: Sequence[Series]) -> Iterator[Result]:
    """Hold the throughput of each condition with many orders at a time against the target."""
    by_side = {(one.key, one.condition): one for one in figures}
    for condition in dict.fromkeys(one.condition for one in figures):
        if condition.concurrency == BUSY:
            over, under = by_side[OURS, condition], by_side[PLAIN, condition]
            yield hold_against(_target(condition), over.rounds, under.rounds)


def _target(condition: Condition) -> Target:
    text = f"throughput, ours / plain: {condition.text}"
    return Target(text, OURS, PLAIN, lambda one: one.per_second, _THROUGHPUT)
