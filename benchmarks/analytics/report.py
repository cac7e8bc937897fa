"""Shows the figures of a run on the terminal."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from benchmarks.analytics.figures import Answers, Figures, Side
from benchmarks.analytics.plan import BATCH, NAMES, PARTS
from benchmarks.analytics.targets import results
from benchmarks.measurement import NOISY, Measurement
from benchmarks.tables import make_table, targets_table

_ERRORS_SHOWN = 3


def show(console: Console, figures: Figures, machine: dict[str, Any]) -> None:
    """Print tables, ratios and what is to be kept in mind."""
    console.print(f"\n{machine['processor']}, {machine['cores']} cores, Python {machine['python']}")
    console.print(_sending(figures.sides))
    console.print(_answers(figures.answers))
    console.print(targets_table("Targets", results(figures)))
    for note in _notes(figures, machine):
        console.print(f"- {note}", highlight=False)


def _sending(sides: Sequence[Side]) -> Table:
    parts = [f"{part} us" for part in PARTS]
    table = make_table(f"Storing events, {BATCH} a batch", "events/s", "p50 ms", "p99 ms", *parts, "counted s")
    for one in sides:
        row = one.as_json()
        used = [f"{one.cpu_us[part]:.1f}" if part in one.cpu_us else "" for part in PARTS]
        cells = [f"{row[name]:,}" for name in ("events_per_second", "p50_ms", "p99_ms")]
        table.add_row(NAMES[one.key], *cells, *used, f"{row['seconds_until_counted']}")
    return table


def _answers(answers: Sequence[Answers]) -> Table:
    table = make_table("Statistics of 30 days", "p50 ms", "p99 ms", "raw ms", "insert s", "index s", "rebuild s", "GB")
    names = "p50_ms", "p99_ms", "raw_ms", "seconds_to_insert", "seconds_to_index", "seconds_to_rebuild", "gigabytes"
    for one in answers:
        row = one.as_json()
        table.add_row(f"{one.size:,} events", *(f"{row[name]:,}" for name in names))
    return table


def _notes(figures: Figures, machine: dict[str, Any]) -> Iterator[str]:
    """Say what bounds the figures, and what went wrong."""
    yield "Medians of the quiet rounds. CPU in microseconds per event, until all was counted, all processes."
    yield f"Senders, service and MongoDB share {machine['cores']} cores."
    measured = [
        *(one for side in figures.sides for one in side.rounds),
        *(one for a in figures.answers for one in a.rounds),
    ]
    for error, times in _errors(measured).most_common(_ERRORS_SHOWN):
        yield f"[red]{times} calls failed ({escape(error)})[/red]"
    if noisy := sum(not one.is_quiet for one in measured):
        yield f"[yellow]{noisy} measurements were disturbed: over {NOISY:g} cores did something else.[/yellow]"


def _errors(measured: Sequence[Measurement]) -> Counter[str]:
    return sum((Counter(one.taken.errors) for one in measured), Counter())
