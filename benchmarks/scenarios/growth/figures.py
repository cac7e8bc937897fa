"""The figures of a run: how they are stored and shown, and their targets."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.table import Table

from benchmarks.chart import Row
from benchmarks.measurement import Measurement, Series
from benchmarks.report import doubts, make_table, targets_table
from benchmarks.results import Result, Target, compare, result
from benchmarks.scenarios.growth.backlog import Drain
from benchmarks.scenarios.growth.operations import Operation
from benchmarks.scenarios.growth.purging import Batch
from benchmarks.scenarios.growth.rows import Sizes
from benchmarks.scenarios.growth.stores import EMPTY, GROWN

GROWTH = 1.5
"""The largest ratio of the grown database to the empty one."""
_STEADY = 1 / GROWTH
"""The least ratio of the rates at which waiting events are delivered."""


@dataclass(frozen=True, slots=True)
class Figures:
    """
    All figures of a run.

    Attributes:
        series: Of each operation, both sides.
        drains: With few and with many waiting events.
        flaws: The plans of statements that would read or sort a grown table.
        scanned: The grown tables that a request or a periodic task has read from beginning to end.
        out_of_order: The orders whose events arrived in another order than they happened.
        megabytes: In PostgreSQL, by side.
        filled_s: The seconds that filling the grown databases took.
    """

    series: Sequence[Series[Operation]]
    drains: Sequence[Drain]
    purges: Sequence[Batch]
    flaws: Sequence[str]
    scanned: Sequence[str]
    out_of_order: Sequence[str]
    sizes: Mapping[str, Sizes]
    megabytes: Mapping[str, float]
    filled_s: float

    def pairs(self) -> Iterator[tuple[Series[Operation], Series[Operation]]]:
        """Yield both sides of each operation, the empty one first."""
        found = {(one.side, one.condition): one for one in self.series}
        for operation in dict.fromkeys(one.condition for one in self.series):
            yield found[EMPTY, operation], found[GROWN, operation]


def results(figures: Figures) -> Iterator[Result]:
    """Compare the grown databases with the empty ones."""
    for empty, grown in figures.pairs():
        yield compare(Target(f"p99: {grown.condition}", GROWTH, at_most=True), _p99, grown.rounds, empty.rounds)
    for batch in figures.purges:
        ratios = [grown / empty for grown, empty in zip(batch.ms[GROWN], batch.ms[EMPTY], strict=True)]
        yield result(Target(f"purging {batch.rows} of {batch.table}", GROWTH, at_most=True), ratios)
    few, many = figures.drains
    target = Target(f"events/s, {many.waiting:,} / {few.waiting:,} waiting", _STEADY)
    yield result(target, [many.per_second / few.per_second])


def breaches(figures: Figures) -> list[str]:
    """Return what must not be, however fast it is."""
    return [
        *(f"The plan of {flaw}." for flaw in figures.flaws),
        *(f"A whole table was read: {table}." for table in figures.scanned),
        *(f"Events arrived in another order than they happened: order {one}." for one in figures.out_of_order),
    ]


def _p99(one: Measurement) -> float:
    return one.p99_ms


def row(empty: Series[Operation], grown: Series[Operation]) -> Row:
    """Return all figures of an operation."""
    return {
        "operation": str(grown.condition),
        "concurrency": grown.condition.concurrency,
        "rounds": len(grown.rounds),
        **{one.side: _side(one) for one in (empty, grown)},
    }


def _side(one: Series[Operation]) -> Row:
    return {
        "calls": one.calls,
        "errors": dict(one.errors),
        "p50_ms": round(one.median(lambda one: one.p50_ms), 2),
        "p99_ms": round(one.median(_p99), 2),
        "cpu_us_per_call": round(one.median(lambda one: one.servers_us)),
        "quiet_rounds": one.quiet_rounds,
    }


def content(figures: Figures) -> dict[str, Any]:
    """Return all figures as JSON."""
    return {
        "rows": {side: asdict(sizes) for side, sizes in figures.sizes.items()},
        "megabytes": {side: round(size) for side, size in figures.megabytes.items()},
        "seconds_to_fill": round(figures.filled_s),
        "operations": [row(*pair) for pair in figures.pairs()],
        "drains": [{**asdict(one), "per_second": round(one.per_second)} for one in figures.drains],
        "purges": [
            {"table": one.table, "rows": one.rows, **{f"{side}_ms": round(one.median_ms(side), 1) for side in one.ms}}
            for one in figures.purges
        ],
    }


def tables(figures: Figures) -> Iterator[Table]:
    """Return the tables of a run."""
    cells = []
    for pair in figures.pairs():
        both = row(*pair)
        empty, grown = both[EMPTY], both[GROWN]
        names = "p50_ms", "p99_ms", "cpu_us_per_call"
        cells.append((both["operation"], *(f"{side[name]:,}" for name in names for side in (empty, grown))))
    columns = "p50 ms", "grown", "p99 ms", "grown", "CPU us", "grown"
    yield make_table("Requests, with empty and grown databases", columns, cells)
    batches = [
        (one.table, f"{one.rows:,}", *(f"{one.median_ms(side):.1f}" for side in one.ms)) for one in figures.purges
    ]
    yield make_table("A batch of a purge, ms", ("rows", "empty", "grown"), batches)
    rates = [(f"{one.waiting:,} waiting", f"{one.per_second:,.0f}") for one in figures.drains]
    yield make_table("Delivering waiting events", ("events/s",), rates)
    yield targets_table("Grown / empty", results(figures))


def notes(figures: Figures, cores: int) -> Iterator[str]:
    """Yield notes on the sizes and limits of the figures, and on errors."""
    for side, sizes in figures.sizes.items():
        rows = ", ".join(f"{number:,} {name}" for name, number in asdict(sizes).items())
        yield f"{side}: {rows}; {figures.megabytes[side]:,.0f} MB in PostgreSQL."
    yield f"Filling took {figures.filled_s:.0f} s. Clients, services and databases of both sides share {cores} cores."
    yield "CPU of one call in microseconds, all processes of the services and PostgreSQL."
    yield from doubts(figures.series)
