"""The figures of a run: how they are stored, shown and drawn, and their targets."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.figure import Figure
from rich.table import Table

from benchmarks.chart import Bars, Row, bars, latency, stacked
from benchmarks.measurement import Series
from benchmarks.report import doubts, make_table, targets_table
from benchmarks.results import Result, Target, compare
from benchmarks.scenarios.content.peer import BY_ORJSON, BY_POSTGRES, LENGTH
from benchmarks.scenarios.content.sides import NAMES, OURS

BUSY = 32
"""Concurrent requests for the targets."""
_LEAST = 0.5
"""The least ratio of our throughput to a peer's."""
_COLOURS = {OURS: "#0b5fa5", BY_POSTGRES: "#d95f0e", BY_ORJSON: "#756bb1"}
_PARTS = {"reader": "#bdbdbd", "service": "#0b5fa5", "PostgreSQL": "#74c476"}


@dataclass(frozen=True, slots=True)
class Condition:
    """How many requests are under way at a time."""

    concurrency: int = BUSY

    def __str__(self) -> str:
        return f"{self.concurrency} at a time"


CONDITIONS = [Condition(1), Condition()]


def results(figures: Sequence[Series[Condition]]) -> Iterator[Result]:
    """Compare the throughput with that of each peer."""
    rounds = {(one.side, one.condition): one.rounds for one in figures}
    for condition in reversed(CONDITIONS):
        for peer in (BY_POSTGRES, BY_ORJSON):
            target = Target(f"throughput, ours / {peer}: {condition}", _LEAST)
            yield compare(target, lambda one: one.per_second, rounds[OURS, condition], rounds[peer, condition])


def row(one: Series[Condition]) -> Row:
    """Return all figures of a series."""
    return {
        "side": one.side,
        "name": NAMES[one.side],
        "concurrency": one.condition.concurrency,
        "rounds": len(one.rounds),
        "quiet_rounds": one.quiet_rounds,
        "pages": one.calls,
        "errors": dict(one.errors),
        "per_second": round(one.median(lambda one: one.per_second), 1),
        "per_second_of_each_round": [round(one.per_second, 1) for one in one.rounds],
        "p50_ms": round(one.median(lambda one: one.p50_ms), 2),
        "p99_ms": round(one.median(lambda one: one.p99_ms), 2),
        "cpu_us_per_page": {part: round(value) for part, value in _cpu_us(one).items()},
        "cores_busy_with_others": round(one.median(lambda one: one.others), 2),
    }


def _cpu_us(one: Series[Condition]) -> dict[str, float]:
    return {"reader": one.median(lambda one: one.client_us)} | {
        part: one.part_us(part) for part in ("service", "PostgreSQL")
    }


def tables(figures: Sequence[Series[Condition]]) -> Iterator[Table]:
    """Return the tables of a run."""
    rows = {f"{NAMES[one.side]}, {one.condition}": row(one) for one in figures}
    names = "per_second", "p50_ms", "p99_ms"
    cells = [(text, *(f"{one[name]:,}" for name in names)) for text, one in rows.items()]
    yield make_table(f"Pages of {LENGTH} rows", ("pages/s", "p50 ms", "p99 ms"), cells)
    cpu = {text: list(one["cpu_us_per_page"].values()) for text, one in rows.items()}
    cells = [(text, *(f"{value:,}" for value in (*used, sum(used)))) for text, used in cpu.items()]
    yield make_table("CPU per page, us", (*_PARTS, "all"), cells)
    yield targets_table("Ratios", results(figures))


def notes(figures: Sequence[Series[Condition]], cores: int) -> Iterator[str]:
    """Yield notes on the limits of the figures, and on errors."""
    yield "Medians of the quiet rounds. CPU in microseconds per page, all processes."
    yield f"Reader, service and PostgreSQL share {cores} cores."
    yield from doubts(figures)


def draw(result: dict[str, Any], figure: Figure) -> None:
    """Draw the throughput, the latency and the CPU of a page."""
    axes = figure.subplots(1, 3)
    rows = [row for row in result["series"] if row["concurrency"] == BUSY]
    names = [row["name"].replace(", ", ",\n") for row in rows]
    looks = Bars(names, [_COLOURS[row["side"]] for row in rows])
    bars(axes[0], looks, [row["per_second"] for row in rows], title="Throughput", label="pages per second")
    latency(axes[1], looks, rows, label="milliseconds, logarithmic")
    parts = {part: [row["cpu_us_per_page"][part] for row in rows] for part in _PARTS}
    label = "microseconds per page, all processes"
    stacked(axes[2], names, parts, _PARTS, title="Where the CPU of a page goes", label=label)
    axes[2].legend(loc="lower right", fontsize=8)
    for one in axes[1:]:
        one.set_yticklabels([])
