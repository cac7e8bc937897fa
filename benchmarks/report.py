"""Prints a run: tables of its figures, ratios with their targets, and notes."""

from collections.abc import Iterable, Iterator
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from benchmarks.measurement import NOISY, Series
from benchmarks.results import Result

_ERRORS_SHOWN = 3


def show(console: Console, machine: dict[str, Any], tables: Iterable[Table], notes: Iterable[str]) -> None:
    """Print the whole report."""
    console.print(f"\n{machine['processor']}, {machine['cores']} cores, Python {machine['python']}")
    for table in tables:
        console.print(table)
    for note in notes:
        console.print(f"- {note}", highlight=False)


def make_table(title: str, columns: Iterable[str], rows: Iterable[Iterable[str]]) -> Table:
    """Make a table whose first column is a name, and whose others are figures."""
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("", no_wrap=True)
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    return table


def targets_table(title: str, results: Iterable[Result]) -> Table:
    """Show ratios with their targets."""
    return make_table(title, ("measured", "rounds", "target", ""), map(_target_row, results))


def _target_row(result: Result) -> tuple[str, ...]:
    sign = "<=" if result.target.at_most else ">="
    spread = f"{result.lowest:.2f}-{result.highest:.2f}"
    limit = f"{sign} {result.target.limit:g}"
    return result.target.text, f"{result.ratio:.2f}", spread, limit, verdict(is_met=result.is_met)


def verdict(*, is_met: bool) -> str:
    """Return in colour whether a target is met."""
    return "[green]met[/green]" if is_met else "[red]missed[/red]"


def doubts(series: Iterable[Series[Any]]) -> Iterator[str]:
    """Report failed calls, and the number of disturbed measurements."""
    every = list(series)
    for one in every:
        for error, times in one.errors.most_common(_ERRORS_SHOWN):
            yield f"[red]{one.side}, {one.condition}: {times} calls failed ({escape(error)})[/red]"
    if noisy := sum(len(one.rounds) - one.quiet_rounds for one in every):
        yield f"[yellow]{noisy} measurements were disturbed: over {NOISY:g} cores did something else.[/yellow]"
