"""Runs that are kept in the repository: the figures as JSON, and a chart of them."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.targets import Result

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Kept:
    """Where the latest run of a benchmark is kept."""

    name: str
    draw: Callable[[dict[str, Any], Path], None]
    """Draws the content of the JSON into a file."""

    @property
    def figures(self) -> Path:
        """The JSON."""
        return Path(f"benchmarks/results/{self.name}.json")

    @property
    def chart(self) -> Path:
        """The picture."""
        return Path(f"docs/images/{self.name}-benchmark.svg")

    def keep(self, machine: dict[str, Any], **content: Any) -> None:  # noqa: ANN401 - JSON
        """Write a run, and draw it."""
        date = datetime.now(UTC).isoformat(timespec="minutes")
        run = {"benchmark": self.name, "date": date, "machine": machine, **content}
        self.figures.parent.mkdir(parents=True, exist_ok=True)
        self.figures.write_text(json.dumps(run, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        self.redraw()

    def redraw(self) -> None:
        """Draw the chart of the figures that are kept."""
        self.chart.parent.mkdir(parents=True, exist_ok=True)
        self.draw(json.loads(self.figures.read_text(encoding="utf-8")), self.chart)


def ratios_as_json(results: Iterable[Result]) -> list[dict[str, Any]]:
    """Give ratios with what they should be."""
    return [
        {
            "ratio": one.target.text,
            "value": round(one.ratio, 3),
            "of_rounds": [round(one.lowest, 3), round(one.highest, 3)],
            "target": one.target.limit,
            "at_most": one.target.at_most,
            "met": one.is_met,
        }
        for one in results
    ]


def with_progress(work: Callable[[Callable[[str], None]], T], turns: int, console: Console) -> T:
    """Do *work*, which is given what tells of its next turn, and show how far it is."""
    columns = TextColumn("{task.description:80}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console, transient=True) as progress:
        turn = progress.add_task("starting", total=turns + 1)
        return work(lambda what: progress.update(turn, description=what, advance=1))
