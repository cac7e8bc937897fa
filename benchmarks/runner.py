"""Runs a scenario: its sides take turns, round after round; then the figures are shown, kept and drawn."""

import shutil
import sys
import tempfile
import time
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
from benchmarks.load import Load, Taken, Task
from benchmarks.measurement import NOISY, C, Measurement, Series
from benchmarks.processes import busy_s, tree_cpu_s
from benchmarks.report import show
from benchmarks.results import describe_machine, figures_file, read_figures, write_figures
from cli.errors import CommandError

F = TypeVar("F")

OnTurn = Callable[[str], None]
"""Called with what is done next."""


class Plan(Protocol):
    """How much a scenario does."""

    @property
    def turns(self) -> int:
        """How often it calls ``OnTurn``."""


P = TypeVar("P", bound=Plan)


class DoesNotWork(Exception):
    """A side fails from the start; carries what went wrong."""


@dataclass(frozen=True, slots=True)
class Scenario(Generic[P, F]):
    """
    A benchmark.

    Attributes:
        name: Of its files.
        packages: Those whose versions belong to the figures.
        measure: Measures everything; its folder is for data and logs.
        tables: What is shown.
        notes: What is to be kept in mind; called with the number of cores, too.
        content: What is kept, as JSON.
        draw: Draws what is kept.
        headline: Of the drawing, as ``chart.draw_chart`` takes it.
        size: Of the drawing, in inches.
        programs: Returns the versions of programs that are no packages.
        breaches: Returns which rules do not hold; if there are any, the run fails and its folder stays.
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
    """Measure and show; *keep* the figures and their chart in the repository."""
    console = Console()
    folder = Path(tempfile.mkdtemp(prefix=f"{scenario.name}-"))
    folder.chmod(0o711)  # PostgreSQL runs as nobody where we are root, and has its data in it
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
        console.print(f"Kept in {figures_file(scenario.name)} and {chart_file(scenario.name)}.")


def redraw(scenario: Scenario[Any, Any]) -> None:
    """Draw the chart of the figures that are kept."""
    if scenario.draw:
        kept = read_figures(scenario.name)
        draw_chart(chart_file(scenario.name), kept, scenario.draw, headline=scenario.headline, size=scenario.size)


def _with_progress(work: Callable[[OnTurn], F], turns: int, console: Console) -> F:
    """Show a bar while *work* is done; where there is no terminal, a line for each turn."""
    columns = TextColumn("{task.description:80}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task("starting", total=turns + 1)

        def on_turn(what: str) -> None:
            progress.update(bar, description=what, advance=1)
            if not console.is_terminal:
                console.print(what, highlight=False)

        return work(on_turn)


@dataclass(frozen=True, slots=True)
class Side:
    """
    One of the sides that are compared, ready to be measured.

    Attributes:
        run: Has its load generator do a task, and returns what it took.
        roots: The roots of its servers' process trees, by part.
        drain: Waits until all that a load has caused is done: it is part of the work, and the next side must not have
            to do it.
        counts: Reads what its databases have counted so far.
    """

    key: str
    name: str
    run: Callable[[Any], Any]
    roots: Mapping[str, Sequence[int]]
    drain: Callable[[], None] = lambda: None
    counts: Callable[[], Mapping[str, int]] = dict

    def cpu_s(self) -> dict[str, float]:
        """Return the seconds of CPU that each part has used so far, all its processes together."""
        return {part: sum(map(tree_cpu_s, roots)) for part, roots in self.roots.items()}

    def measure(self, task: Any) -> Measurement:  # noqa: ANN401 - what its load generator takes
        """Do *task* and measure what it takes."""
        counts, cpu, busy = self.counts(), self.cpu_s(), busy_s()
        taken = self.run(task)
        assert isinstance(taken, Taken)
        begun = time.perf_counter()
        self.drain()
        drain_s, busy = time.perf_counter() - begun, busy_s() - busy
        used = {part: now - cpu[part] for part, now in self.cpu_s().items()}
        others = (busy - sum(used.values()) - taken.cpu_s) / (taken.seconds + drain_s)
        counted = {name: now - counts[name] for name, now in self.counts().items()}
        return Measurement(taken, used, max(0.0, others), drain_s, counted)

    def try_once(self, wanted: Sequence[str]) -> None:
        """
        Make one call.

        Raises:
            DoesNotWork: It fails.
        """
        taken = self.run(Task(Load(1, 1, 0.0, 10.0), wanted))
        if taken.errors:
            raise DoesNotWork(f"{self.name}: {next(iter(taken.errors))}")


@dataclass(frozen=True, slots=True)
class Turn:
    """What a side does when it is its turn: *before* warms it up or prepares it, and is not measured."""

    before: Any
    measured: Any


@dataclass(slots=True)
class Rounds:
    """
    Lets sides take turns.

    Attributes:
        on_turn: Called before each turn.
        repeats: How many measurements may still be made once more because something else was busy meanwhile.
    """

    on_turn: OnTurn
    repeats: int = 0

    def measure(
        self, sides: Sequence[Side], conditions: Sequence[C], rounds: int, turn: Callable[[Side, C, int], Turn]
    ) -> list[Series[C]]:
        """
        Measure every side under every condition, once in each round, so that a drift of the machine hits all alike.

        Args:
            turn: Returns what a side does under a condition in a round.
        """
        measured = {(side.key, condition): list[Measurement]() for condition in conditions for side in sides}
        for number in range(rounds):
            for condition in conditions:
                for side in _rotated(sides, number):
                    self.on_turn(f"round {number + 1}/{rounds}: {side.name}, {condition}")
                    measured[side.key, condition].append(self._measure_quietly(side, turn(side, condition, number)))
        return [Series(key, condition, found) for (key, condition), found in measured.items() if found]

    def _measure_quietly(self, side: Side, turn: Turn) -> Measurement:
        """Measure, and once more if something else was busy meanwhile; the quieter of the two holds."""
        side.run(turn.before)
        first = side.measure(turn.measured)
        if first.others < NOISY or not self.repeats:
            return first
        self.repeats -= 1
        return min(first, side.measure(turn.measured), key=lambda one: one.others)


def _rotated(sides: Sequence[Side], number: int) -> Sequence[Side]:
    """Begin each round with another side, so that nobody always follows the same neighbour."""
    first = number % len(sides) if sides else 0
    return [*sides[first:], *sides[:first]]
