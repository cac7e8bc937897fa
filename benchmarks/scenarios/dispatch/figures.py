"""The figures of a run: how they are stored, shown and drawn, and their targets."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.table import Table

from benchmarks.chart import Bars, Line, Row, bars, latency, lines, stacked
from benchmarks.measurement import Series
from benchmarks.report import doubts, make_table, targets_table
from benchmarks.results import Result, Target, compare, subtract
from benchmarks.scenarios.dispatch.candidates import CANDIDATES
from benchmarks.scenarios.dispatch.products import SIZES, SMALL

BUSY = 32
"""Concurrent calls for the targets, and for added workers."""
SIZES_CONCURRENCY = 8
"""Fewer concurrent calls: those of 1 MB must stay below the 2 s at which the breaker counts them as slow."""
_TARGETS = (
    ("a", "c", lambda one: one.per_second, Target("throughput, sealed / gRPC mutual TLS", 1.1)),
    ("a", "c", lambda one: one.p99_ms, Target("p99, sealed / gRPC mutual TLS", 1.2, at_most=True)),
    ("a", "b", lambda one: one.per_second, Target("throughput, sealed / plain", 0.75)),
    ("a", "f", lambda one: one.per_second, Target("throughput, sealed / httpx and Fernet", 6.0)),
)
"""Ratios between two candidates at ``BUSY`` calls."""
_TOKEN = Target("server us for a token that was seen before", 30.0, at_most=True)
"""The difference between (l), which has an access token, and (b), which has none."""


@dataclass(frozen=True, slots=True)
class Condition:
    """The condition of a measurement; *size* is that of the answer before sealing."""

    concurrency: int = BUSY
    size: int = SMALL
    workers: int = 1

    def __str__(self) -> str:
        workers = f", {self.workers} workers" if self.workers > 1 else ""
        return f"{self.concurrency} concurrent, {self.size:,} B{workers}"


BASE = [Condition(concurrency) for concurrency in (1, BUSY)]
"""Conditions under which all candidates are compared."""
GROWING = [Condition(SIZES_CONCURRENCY, size) for size in SIZES]


@dataclass(frozen=True, slots=True)
class Figures:
    """All measurements of a run; *tls* is the observed version and cipher of gRPC's connection."""

    base: Sequence[Series[Condition]]
    sizes: Sequence[Series[Condition]]
    workers: Sequence[Series[Condition]]
    tls: Mapping[str, str]

    @property
    def every(self) -> list[Series[Condition]]:
        """All series."""
        return [*self.base, *self.sizes, *self.workers]


def results(figures: Figures) -> Iterator[Result]:
    """Compare the figures with their targets; those of omitted candidates are omitted, too."""
    busy = {one.side: one.rounds for one in figures.base if one.condition == Condition()}
    for over, under, figure, target in _TARGETS:
        if over in busy and under in busy:
            yield compare(target, figure, busy[over], busy[under])
    if "l" in busy and "b" in busy:
        yield subtract(_TOKEN, lambda one: one.servers_us, busy["l"], busy["b"])


def row(one: Series[Condition]) -> Row:
    """Return all figures of a series."""
    return {
        "candidate": one.side,
        "name": CANDIDATES[one.side].name,
        "concurrency": one.condition.concurrency,
        "answer_bytes": one.condition.size,
        "workers": one.condition.workers,
        "rounds": len(one.rounds),
        "quiet_rounds": one.quiet_rounds,
        "calls": one.calls,
        "errors": dict(one.errors),
        "per_second": round(one.median(lambda one: one.per_second)),
        "per_second_of_each_round": [round(one.per_second) for one in one.rounds],
        "p50_ms": round(one.median(lambda one: one.p50_ms), 3),
        "p99_ms": round(one.median(lambda one: one.p99_ms), 3),
        "client_cpu_us_per_call": round(one.median(lambda one: one.client_us)),
        "server_cpu_us_per_call": round(one.median(lambda one: one.servers_us)),
        "cores_busy_with_others": round(one.median(lambda one: one.others), 2),
    }


def tables(figures: Figures) -> Iterator[Table]:
    """Return the tables of a run."""
    columns = "calls/s", "p50 ms", "p99 ms", "client us", "server us"
    for condition in BASE:
        found = [one for one in figures.base if one.condition == condition]
        yield make_table(str(condition), columns, [(candidate_name(one.side), *_cells(row(one))) for one in found])
    yield targets_table(f"Targets at {BUSY} concurrent calls", results(figures))
    if figures.sizes:
        yield _growth(f"Answers grow ({SIZES_CONCURRENCY} concurrent calls)", "bytes", "answer_bytes", figures.sizes)
        yield _growth(f"Workers are added ({BUSY} concurrent calls)", "workers", "workers", figures.workers)


def _growth(title: str, column: str, name: str, series: Iterable[Series[Condition]]) -> Table:
    rows = [row(one) for one in sorted(series, key=lambda one: one.side)]
    columns = column, "calls/s", "p50 ms", "p99 ms", "client us", "server us"
    return make_table(
        title, columns, [(candidate_name(one["candidate"]), f"{one[name]:,}", *_cells(one)) for one in rows]
    )


def _cells(row: Row) -> tuple[str, ...]:
    cpu = (f"{row[f'{side}_cpu_us_per_call']:,}" for side in ("client", "server"))
    return f"{row['per_second']:,}", f"{row['p50_ms']:.2f}", f"{row['p99_ms']:.2f}", *cpu


def notes(figures: Figures, cores: int) -> Iterator[str]:
    """Yield notes on the limits of the figures, and on errors."""
    yield "Medians of the quiet rounds; CPU is that of whole processes, microseconds per call."
    yield (
        f"Client and server share {cores} cores: at {BUSY} concurrent calls the throughput of one worker is bounded by "
        "the busier of the two processes."
    )
    if figures.workers:
        yield f"There is one client process, and {cores} cores for all: more workers add what the client leaves them."
    if figures.sizes:
        yield "A service takes requests of up to 256 KiB and the dispatcher answers of up to 4 MiB; answers grow here."
    if figures.tls:
        yield f"gRPC's TLS was {figures.tls['version']} with {figures.tls['cipher']} and certificates on both sides."
    yield from doubts(figures.every)


def draw(result: dict[str, Any], figure: Figure) -> None:
    """Draw the cost of a call, and how it grows."""
    axes = figure.subplots(3, 2)
    alone, busy = ([row for row in result["comparison"] if row["concurrency"] == number] for number in (1, BUSY))
    looks = _bars(busy)
    speeds = [row["per_second"] for row in busy]
    bars(axes[0, 0], looks, speeds, title="Throughput", label=f"calls per second, {BUSY} concurrent")
    latency(axes[0, 1], looks, busy, label=f"milliseconds, {BUSY} concurrent, logarithmic", unit=" ms")
    _cpu(axes[1, 0], busy, f"CPU per call, {BUSY} concurrent")
    axes[1, 0].legend(loc="upper right")  # elsewhere the colours have the same meaning
    _cpu(axes[1, 1], alone, "CPU per call, one at a time")
    _sizes(axes[2, 0], result["growth_of_answers"])
    x_label = f"server processes; {BUSY} concurrent calls of one client"
    workers = _lines(result["growth_of_workers"], "workers", ["per_second"])
    lines(axes[2, 1], workers, title="More workers", x_label=x_label, y_label="calls per second")
    axes[2, 1].legend(loc="best")


def _cpu(axes: Axes, rows: Sequence[Row], title: str) -> None:
    parts = {side: [row[f"{side}_cpu_us_per_call"] for row in rows] for side in ("client", "server")}
    colours = {"client": "#0b5fa5", "server": "#9ecae1"}
    label = "microseconds, all threads of the process"
    stacked(
        axes, _bars(rows).names, parts, colours, title=title, label=label, text=lambda both: f"{both[0]} + {both[1]}"
    )


def _sizes(axes: Axes, rows: Sequence[Row]) -> None:
    x_label = f"answer, {SIZES_CONCURRENCY} concurrent calls, logarithmic"
    y_label = "microseconds of CPU per call,\nclient and server, logarithmic"
    cpu = _lines(rows, "answer_bytes", ["client_cpu_us_per_call", "server_cpu_us_per_call"])
    lines(axes, cpu, title="Larger answers", x_label=x_label, y_label=y_label, logarithmic=True)
    sizes = sorted({row["answer_bytes"] for row in rows})
    axes.set_xticks(sizes, [_size(bytes_) for bytes_ in sizes])
    axes.legend(loc="best")


def _lines(rows: Sequence[Row], x: str, y: Sequence[str]) -> Iterator[Line]:
    """Draw the sum of some figures, for each candidate."""
    for key in sorted({row["candidate"] for row in rows}):
        mine, candidate = [row for row in rows if row["candidate"] == key], CANDIDATES[key]
        points = [row[x] for row in mine], [sum(row[name] for name in y) for row in mine]
        yield Line(candidate_name(key), *points, candidate.colour, candidate.marker)


def _bars(rows: Sequence[Row]) -> Bars:
    keys = [row["candidate"] for row in rows]
    return Bars([candidate_name(key) for key in keys], [CANDIDATES[key].colour for key in keys])


def _size(bytes_: int) -> str:
    for unit, factor in (("MB", 1_000_000), ("kB", 1_000)):
        if bytes_ >= factor:
            return f"{bytes_ // factor} {unit}"
    return f"{bytes_} B"


def candidate_name(key: str) -> str:
    """Return a candidate's letter and name."""
    return f"({key}) {CANDIDATES[key].name}"
