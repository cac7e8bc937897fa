"""Shows the figures of a run on the terminal."""

from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from benchmarks.measurement import NOISY
from benchmarks.report import make_table, targets_table
from benchmarks.scenarios.orders.figures import Series
from benchmarks.scenarios.orders.plan import NAMES, PARTS
from benchmarks.scenarios.orders.targets import results

_ERRORS_SHOWN = 3


def show(console: Console, figures: Sequence[Series], machine: dict[str, Any]) -> None:
    """Print tables, ratios and what is to be kept in mind."""
    console.print(f"\n{machine['processor']}, {machine['cores']} cores, Python {machine['python']}")
    console.print(_throughput(figures))
    console.print(_cpu(figures))
    console.print(targets_table("Ratios", results(figures)))
    for note in notes(figures, machine):
        console.print(f"- {note}", highlight=False)


def notes(figures: Sequence[Series], machine: dict[str, Any]) -> Iterator[str]:
    """Say what bounds the figures, and what went wrong."""
    yield "Medians of the quiet rounds. CPU in microseconds per order, until its event has arrived, all processes."
    yield (
        f"Customer, services and databases share {machine['cores']} cores: once they are busy, more workers add "
        "nothing, and throughput is what CPU per order leaves."
    )
    for series in figures:
        for error, times in series.errors.most_common(_ERRORS_SHOWN):
            yield f"[red]{NAMES[series.key]}, {series.condition.text}: {times} orders failed ({escape(error)})[/red]"
    if noisy := sum(not measured.is_quiet for one in figures for measured in one.rounds):
        yield f"[yellow]{noisy} measurements were disturbed: over {NOISY:g} cores did something else.[/yellow]"


def _throughput(figures: Sequence[Series]) -> Table:
    table = make_table(
        "Orders (at a time/products/workers)", "orders/s", "p50 ms", "p99 ms", "tx", "flushes", "drain s"
    )
    for one in figures:
        figures_of_it = one.as_json()
        names = "per_second", "p50_ms", "p99_ms", "commits_per_order", "log_flushes_per_order"
        cells = [f"{figures_of_it[name]:,}" for name in (*names, "seconds_until_last_event")]
        table.add_row(f"{one.key} {one.condition.text}", *cells)
    return table


def _cpu(figures: Sequence[Series]) -> Table:
    table = make_table("CPU per order, us", "customer", *PARTS, "all")
    for one in figures:
        used = one.cpu_us
        table.add_row(
            f"{one.key} {one.condition.text}", *(f"{value:,.0f}" for value in (*used.values(), sum(used.values())))
        )
    return table
