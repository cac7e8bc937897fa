"""Shows the figures of a run on the terminal."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from benchmarks.measurement import NOISY, errors_of
from benchmarks.report import make_table, targets_table
from benchmarks.scenarios.analytics.figures import Answers, Figures, Side
from benchmarks.scenarios.analytics.plan import BATCH, NAMES, PARTS
from benchmarks.scenarios.analytics.targets import results

_ERRORS_SHOWN = 3


def show(console: Console, figures: Figures, machine: dict[str, Any]) -> None:
    """Print tables, ratios and what is to be kept in mind."""
    console.print(f"\n{machine['processor']}, {machine['cores']} cores, Python {machine['python']}")
    for table in (_sending(figures.sides), _cpu(figures.sides), _answers(figures.answers), _growth(figures.answers)):
        console.print(table)
    console.print(targets_table("Targets", results(figures)))
    for note in _notes(figures, machine):
        console.print(f"- {note}", highlight=False)


def _sending(sides: Sequence[Side]) -> Table:
    table = make_table(f"Storing events, {BATCH} a batch", "events/s", "p50 ms", "p99 ms", "counted s")
    names = "events_per_second", "p50_ms", "p99_ms", "seconds_until_counted"
    for one in sides:
        row = one.as_json()
        table.add_row(NAMES[one.key], *(f"{row[name]:,}" for name in names))
    return table


def _cpu(sides: Sequence[Side]) -> Table:
    table = make_table("CPU per event, us", *PARTS, "all")
    for one in sides:
        used = one.cpu_us
        cells = [f"{used[part]:.1f}" if part in used else "" for part in PARTS]
        table.add_row(NAMES[one.key], *cells, f"{sum(used.values()):.1f}")
    return table


def _answers(answers: Sequence[Answers]) -> Table:
    return _by_size("Statistics of 30 days, ms", answers, {"p50_ms": "p50", "p99_ms": "p99", "raw_ms": "raw $group"})


def _growth(answers: Sequence[Answers]) -> Table:
    seconds = {f"seconds_to_{step}": step for step in ("insert", "index", "rebuild")}
    return _by_size("The history, s", answers, {**seconds, "gigabytes": "GB"})


def _by_size(title: str, answers: Sequence[Answers], columns: Mapping[str, str]) -> Table:
    table = make_table(title, *columns.values())
    for one in answers:
        row = one.as_json()
        table.add_row(f"{one.size:,} events", *(f"{row[name]:,}" for name in columns))
    return table


def _notes(figures: Figures, machine: dict[str, Any]) -> Iterator[str]:
    """Say what bounds the figures, and what went wrong."""
    yield "Medians of the quiet rounds. CPU in microseconds per event, until all was counted, all processes."
    yield f"Senders, service and MongoDB share {machine['cores']} cores."
    measured = [
        *(one for side in figures.sides for one in side.rounds),
        *(one for a in figures.answers for one in a.rounds),
    ]
    for error, times in errors_of(measured).most_common(_ERRORS_SHOWN):
        yield f"[red]{times} calls failed ({escape(error)})[/red]"
    if noisy := sum(not one.is_quiet for one in measured):
        yield f"[yellow]{noisy} measurements were disturbed: over {NOISY:g} cores did something else.[/yellow]"
