"""The figures of a run: how they are stored, shown and drawn, and their targets."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from statistics import median
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.table import Table

from benchmarks.chart import Bars, Line, Row, bars, lines, stacked
from benchmarks.measurement import Measurement, Series
from benchmarks.report import doubts, make_table, targets_table
from benchmarks.results import Result, Target, compare, result
from benchmarks.scenarios.analytics.clients import BATCH
from benchmarks.scenarios.analytics.stores import OURS, PLAIN

NAMES = {OURS: "POST /events/batch", PLAIN: "insert_many by hand"}
_PARTS = {"sender": "#bdbdbd", "service": "#0b5fa5", "MongoDB": "#74c476"}
"""The parts that use CPU, with their colours; the plain side has no service."""
_COLOURS = {OURS: "#0b5fa5", PLAIN: "#d95f0e"}
_STORED = Target("events/s, ours / insert_many", 0.7)
_P99_MS, _GROWTH, _FASTER = 50.0, 1.5, 100.0


@dataclass(frozen=True, slots=True)
class Answers:
    """
    The latency of statistics of 30 days over a history of some size.

    Attributes:
        ours: Answered by the service; the condition is the size.
        raw: Computed from the events, one aggregation each.
        gigabytes: The size of the whole database on disk.
        took_s: Seconds by step: to insert the events that the smaller history lacks, to index, and to recount all.
    """

    ours: Series[int]
    raw: Series[int]
    gigabytes: float
    took_s: Mapping[str, float]

    @property
    def size(self) -> int:
        """The number of events in the history."""
        return self.ours.condition


@dataclass(frozen=True, slots=True)
class Figures:
    """All figures of a run: both sides that store, and the answers, those of the smallest history first."""

    sides: Sequence[Series[str]]
    answers: Sequence[Answers]


def results(figures: Figures) -> Iterator[Result]:
    """Compare a run with its targets."""
    ours, plain = figures.sides
    yield compare(_STORED, lambda one: one.per_second, ours.rounds, plain.rounds)
    smallest, largest = figures.answers[0], figures.answers[-1]
    yield _slowest(largest)
    growth = Target(f"p50, {largest.size:,} / {smallest.size:,}", _GROWTH, at_most=True)
    yield compare(growth, _p50, largest.ours.rounds, smallest.ours.rounds)
    faster = Target(f"p50, raw $group / ours, {largest.size:,}", _FASTER)
    pairs = zip(largest.ours.rounds, cycle(largest.raw.rounds), strict=False)
    yield result(faster, [_p50(raw) / _p50(ours) for ours, raw in pairs])


def _slowest(answers: Answers) -> Result:
    target = Target(f"p99 in ms, {answers.size:,} events", _P99_MS, at_most=True)
    values = [_p99(one) for one in answers.ours.rounds]
    return Result(target, answers.ours.median(_p99), min(values), max(values))


def _p50(one: Measurement) -> float:
    return one.p50_ms


def _p99(one: Measurement) -> float:
    return one.p99_ms


def side_row(one: Series[str]) -> Row:
    """Return all figures of a side that stores events."""
    return {
        "side": one.side,
        "name": NAMES[one.side],
        "rounds": len(one.rounds),
        "quiet_rounds": one.quiet_rounds,
        "events": one.calls * BATCH,
        "errors": dict(one.errors),
        "events_per_second": round(one.median(lambda one: one.per_second) * BATCH),
        "events_per_second_of_each_round": [round(one.per_second * BATCH) for one in one.rounds],
        "p50_ms": round(one.median(_p50), 1),
        "p99_ms": round(one.median(_p99), 1),
        "cpu_us_per_event": {part: round(value / BATCH, 1) for part, value in _cpu_us(one).items()},
        "seconds_until_counted": round(one.median(lambda one: one.drain_s), 2),
        "cores_busy_with_others": round(one.median(lambda one: one.others), 2),
    }


def _cpu_us(one: Series[str]) -> dict[str, float]:
    """Return the microseconds of CPU per batch, by part."""
    return {"sender": one.median(lambda one: one.client_us)} | {part: one.part_us(part) for part in one.rounds[0].cpu_s}


def answers_row(one: Answers) -> Row:
    """Return all figures of the answers at one size."""
    ours = one.ours
    return {
        "events": one.size,
        "rounds": len(ours.rounds),
        "quiet_rounds": ours.quiet_rounds,
        "answers": ours.calls,
        "errors": dict(ours.errors),
        "p50_ms": round(ours.median(_p50), 2),
        "p99_ms": round(ours.median(_p99), 2),
        "raw_ms": round(median(map(_p50, one.raw.rounds))),
        "service_cpu_us_per_answer": round(ours.median(lambda one: one.servers_us)),
        **{f"seconds_to_{step}": round(seconds, 1) for step, seconds in one.took_s.items()},
        "gigabytes": round(one.gigabytes, 2),
        "cores_busy_with_others": round(ours.median(lambda one: one.others), 2),
    }


def tables(figures: Figures) -> Iterator[Table]:
    """Return the tables of a run."""
    sides, answers = list(map(side_row, figures.sides)), list(map(answers_row, figures.answers))
    names = "events_per_second", "p50_ms", "p99_ms", "seconds_until_counted"
    columns = "events/s", "p50 ms", "p99 ms", "counted s"
    cells = [(row["name"], *(f"{row[name]:,}" for name in names)) for row in sides]
    yield make_table(f"Storing events, {BATCH} a batch", columns, cells)
    yield make_table("CPU per event, us", (*_PARTS, "all"), map(_cpu_cells, sides))
    yield _by_size("Statistics of 30 days, ms", answers, {"p50_ms": "p50", "p99_ms": "p99", "raw_ms": "raw $group"})
    seconds = {f"seconds_to_{step}": step for step in ("insert", "index", "rebuild")}
    yield _by_size("The history, s", answers, {**seconds, "gigabytes": "GB"})
    yield targets_table("Targets", results(figures))


def _cpu_cells(row: Row) -> Iterable[str]:
    used = row["cpu_us_per_event"]
    return row["name"], *(f"{used[part]:.1f}" if part in used else "" for part in _PARTS), f"{sum(used.values()):.1f}"


def _by_size(title: str, answers: Sequence[Row], columns: Mapping[str, str]) -> Table:
    rows = [(f"{row['events']:,} events", *(f"{row[name]:,}" for name in columns)) for row in answers]
    return make_table(title, columns.values(), rows)


def notes(figures: Figures, cores: int) -> Iterator[str]:
    """Yield notes on the limits of the figures, and on errors."""
    yield "Medians of the quiet rounds. CPU in microseconds per event, until all was counted, all processes."
    yield f"Senders, service and MongoDB share {cores} cores."
    yield from doubts([*figures.sides, *(one.ours for one in figures.answers)])


def draw(result: dict[str, Any], figure: Figure) -> None:
    """Draw the throughput of storing events and the latency of statistics."""
    axes = figure.subplots(1, 3)
    rows = result["storing"]
    looks = Bars([NAMES[row["side"]] for row in rows], [_COLOURS[row["side"]] for row in rows])
    speeds = [row["events_per_second"] for row in rows]
    bars(axes[0], looks, speeds, title="Storing events", label="events per second")
    parts = {part: [row["cpu_us_per_event"].get(part, 0) for row in rows] for part in _PARTS}
    label = "microseconds per event, until it is counted"
    stacked(axes[1], looks.names, parts, _PARTS, title="Where the CPU of an event goes", label=label)
    axes[1].set_yticklabels([])
    axes[1].legend(loc="lower right", fontsize=8)
    _answers(axes[2], result["answers"])


def _answers(axes: Axes, rows: Sequence[Row]) -> None:
    sizes = [row["events"] for row in rows]
    ours, raw = _COLOURS[OURS], _COLOURS[PLAIN]
    every = [
        Line("raw $group", sizes, [row["raw_ms"] for row in rows], raw),
        Line("service, p99", sizes, [row["p99_ms"] for row in rows], ours, style=":"),
        Line("service, p50", sizes, [row["p50_ms"] for row in rows], ours),
    ]
    title, y_label = "Statistics of 30 days", "milliseconds, logarithmic"
    lines(axes, every, title=title, x_label="events in all", y_label=y_label, logarithmic=True)
    axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
    axes.minorticks_off()
    axes.margins(x=0.25)
    axes.set_ylim(bottom=1)
    axes.legend(loc="best", fontsize=8)
