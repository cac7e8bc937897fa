"""A benchmark as a command: measures, prints the figures, stores and draws them."""

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from matplotlib.figure import Figure
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from benchmarks.chart import chart_file, draw_chart
from benchmarks.deployment import NotMigrated, NotReady
from benchmarks.report import show
from benchmarks.results import describe_machine, figures_file, read_figures, write_figures
from benchmarks.runner import DoesNotWork, OnTurn
from cli.errors import CommandError

F = TypeVar("F")


class Plan(Protocol):
    """The size of a scenario."""

    @property
    def turns(self) -> int:
        """The number of calls of ``OnTurn``."""


P = TypeVar("P", bound=Plan)


@dataclass(frozen=True, slots=True)
class Scenario(Generic[P, F]):
    """
    A benchmark.

    Attributes:
        name: Of its files.
        packages: Those whose versions belong to the figures.
        measure: Measures everything; its folder is for data and logs.
        tables: Of the report.
        notes: Of the report; called with the number of cores, too.
        content: The stored figures, as JSON.
        draw: Draws the stored figures.
        headline: Of the drawing, as ``chart.draw_chart`` takes it.
        size: Of the drawing, in inches.
        programs: Returns the versions of programs that are not packages.
        breaches: Returns the broken rules; if there are any, the run fails and its folder stays.
    """

    name: str
    packages: Sequence[str]
    measure: Callable[[P, Path, OnTurn], F]
    tables: Callable[[F], Iterable[Table]]
    notes: Callable[[F, int], Iterable[str]]
    content: Callable[[P, F], dict[str, Any]] | None = None
    draw: Callable[[dict[str, Any], Figure], None] | None = None
    headline: str = ""
    size: tuple[float, float] = (10, 4)
    programs: Callable[[], Mapping[str, str]] = dict
    breaches: Callable[[F], Sequence[str]] = lambda _: ()


def run(scenario: Scenario[P, F], plan: P, *, keep: bool) -> None:
    """Measure and print; *keep* the figures and their chart in the repository."""
    console = Console()
    folder = Path(tempfile.mkdtemp(prefix=f"{scenario.name}-"))
    folder.chmod(0o711)  # as root, PostgreSQL runs as nobody, and has its data there
    try:
        programs = scenario.programs()
        figures = _with_progress(lambda on_turn: scenario.measure(plan, folder, on_turn), plan.turns, console)
    except* (CommandError, DoesNotWork, NotMigrated, NotReady) as errors:
        sys.exit(f"{errors.exceptions}\nThe logs are in {folder}.")
    machine = describe_machine(*scenario.packages)
    machine["versions"] |= programs
    show(console, machine, scenario.tables(figures), scenario.notes(figures, machine["cores"]))
    if breaches := scenario.breaches(figures):
        sys.exit("\n".join([*breaches, f"Logs and data are in {folder}."]))
    shutil.rmtree(folder)
    if keep and scenario.content:
        write_figures(scenario.name, machine, scenario.content(plan, figures))
        redraw(scenario)
        chart = f" and {chart_file(scenario.name)}" if scenario.draw else ""
        console.print(f"Kept in {figures_file(scenario.name)}{chart}.")


def redraw(scenario: Scenario[Any, Any]) -> None:
    """Draw the chart of the stored figures."""
    if scenario.draw:
        kept = read_figures(scenario.name)
        draw_chart(chart_file(scenario.name), kept, scenario.draw, headline=scenario.headline, size=scenario.size)


def _with_progress(work: Callable[[OnTurn], F], turns: int, console: Console) -> F:
    """Show a bar during *work*; without a terminal, a line for each turn."""
    columns = TextColumn("{task.description:80}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task("starting", total=turns + 1)

        def on_turn(what: str) -> None:
            progress.update(bar, description=what, advance=1)
            if not console.is_terminal:
                console.print(what, highlight=False)

        return work(on_turn)
