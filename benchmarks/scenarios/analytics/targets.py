"""What analytics is meant to reach."""

from collections.abc import Iterator
from itertools import cycle
from statistics import median

from benchmarks.measurement import Measurement
from benchmarks.scenarios.analytics.figures import Answers, Figures
from benchmarks.scenarios.analytics.plan import OURS, PLAIN
from benchmarks.targets import Result, Target, hold_against

_STORED = Target("events/s, ours / insert_many", OURS, PLAIN, lambda one: one.per_second, 0.7)
_P99_MS, _GROWTH, _FASTER = 50.0, 1.5, 100.0


def results(figures: Figures) -> Iterator[Result]:
    """Hold a run against the targets."""
    ours, plain = figures.sides
    yield hold_against(_STORED, ours.rounds, plain.rounds)
    smallest, largest = figures.answers[0], figures.answers[-1]
    yield _slowest(largest)
    yield _growth(largest, smallest)
    yield _faster(largest)


def _slowest(answers: Answers) -> Result:
    target = Target(f"p99 in ms, {answers.size:,} events", OURS, "1 ms", _p99, _P99_MS, at_most=True)
    values = [_p99(one) for one in answers.rounds]
    return Result(target, answers.median(_p99), min(values), max(values))


def _growth(over: Answers, under: Answers) -> Result:
    text = f"p50, {over.size:,} / {under.size:,}"
    return hold_against(Target(text, OURS, OURS, _p50, _GROWTH, at_most=True), over.rounds, under.rounds)


def _faster(answers: Answers) -> Result:
    target = Target(f"p50, raw $group / ours, {answers.size:,}", PLAIN, OURS, _p50, _FASTER)
    ratios = [_p50(raw) / _p50(ours) for ours, raw in zip(answers.rounds, cycle(answers.raw), strict=False)]
    return Result(target, median(ratios), min(ratios), max(ratios))


def _p50(one: Measurement) -> float:
    return one.p50_ms


def _p99(one: Measurement) -> float:
    return one.p99_ms
