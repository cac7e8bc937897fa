"""Shows the figures of a run on the terminal."""

from collections.abc import Iterable, Iterator
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from benchmarks.measurement import NOISY
from benchmarks.report import make_table, targets_table
from benchmarks.scenarios.dispatch.candidates import CANDIDATES
from benchmarks.scenarios.dispatch.figures import Figures, Series
from benchmarks.scenarios.dispatch.scenario import BUSY, SIZES_CONCURRENCY
from benchmarks.scenarios.dispatch.targets import results

_COLUMNS = ("calls/s", "p50 ms", "p99 ms", "client us", "server us")
_ERRORS_SHOWN = 3


def show(console: Console, figures: Figures, machine: dict[str, Any]) -> None:
    """Print tables, ratios and what is to be kept in mind."""
    console.print(f"\n{machine['processor']}, {machine['cores']} cores, Python {machine['python']}")
    for table in _comparisons(figures):
        console.print(table)
    console.print(targets_table(f"Ratios at {BUSY} concurrent calls", results(figures)))
    if figures.sizes:
        console.print(_growth(f"Answers grow ({SIZES_CONCURRENCY} concurrent calls)", "bytes", figures.sizes))
        console.print(_growth(f"Workers are added ({BUSY} concurrent calls)", "workers", figures.workers))
    for note in notes(figures, machine):
        console.print(f"- {note}", highlight=False)


def notes(figures: Figures, machine: dict[str, Any]) -> Iterator[str]:
    """Say what bounds the figures, and what went wrong."""
    cores = machine["cores"]
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
    for series in figures.every:
        for error, times in series.errors.most_common(_ERRORS_SHOWN):
            yield f"[red]{_name(series.key)}: {times} calls failed ({escape(error)})[/red]"
    if noisy := sum(not measured.is_quiet for one in figures.every for measured in one.rounds):
        yield f"[yellow]{noisy} measurements were disturbed: over {NOISY:g} cores did something else.[/yellow]"


def _comparisons(figures: Figures) -> Iterator[Table]:
    for concurrency in sorted({one.condition.concurrency for one in figures.base}):
        table = make_table("One call at a time" if concurrency == 1 else f"{concurrency} concurrent calls", *_COLUMNS)
        for one in figures.base:
            if one.condition.concurrency == concurrency:
                table.add_row(_name(one.key), *_cells(one))
        yield table


def _growth(title: str, what: str, series: Iterable[Series]) -> Table:
    table = make_table(title, what, "calls/s", "p50 ms", "client us", "server us")
    for one in sorted(series, key=lambda one: one.key):
        amount = one.condition.size if what == "bytes" else one.condition.workers
        per_second, p50, _, client, server = _cells(one)
        table.add_row(_name(one.key), f"{amount:,}", per_second, p50, client, server)
    return table


def _cells(one: Series) -> tuple[str, ...]:
    figures = f"{one.per_second:,.0f}", f"{one.p50_ms:.2f}", f"{one.p99_ms:.2f}"
    return (*figures, f"{one.client_us:,.0f}", f"{one.server_us:,.0f}")


def _name(key: str) -> str:
    return f"({key}) {CANDIDATES[key].name}"
