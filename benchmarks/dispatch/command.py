"""The benchmark as a command: measure, show, keep."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.dispatch.chart import draw
from benchmarks.dispatch.figures import Figures
from benchmarks.dispatch.measure import count_turns, measure
from benchmarks.dispatch.plan import Plan
from benchmarks.dispatch.report import show
from benchmarks.dispatch.targets import results
from benchmarks.machine import describe_machine

RESULT = Path("benchmarks/results/dispatch.json")
CHART = Path("docs/images/dispatch-benchmark.svg")
_PACKAGES = (
    "cryptography", "fastapi", "grpcio", "httptools", "httpx", "orjson", "protobuf", "pydantic", "pyreqwest",
    "starlette", "uvicorn", "uvloop",
)  # fmt: skip


def run(plan: Plan, keys: str, *, keep: bool) -> None:
    """Measure the candidates *keys* and show the figures; *keep* them and the chart in the repository."""
    console = Console()
    figures = _measure_with_progress(plan, keys, console)
    machine = describe_machine(*_PACKAGES)
    show(console, figures, machine)
    if keep:
        _write(RESULT, json.dumps(_as_json(plan, figures, machine), indent=1, ensure_ascii=False) + "\n")
        redraw()
        console.print(f"Kept in {RESULT} and {CHART}.")


def redraw() -> None:
    """Draw the chart of the figures that are kept."""
    CHART.parent.mkdir(parents=True, exist_ok=True)
    draw(json.loads(RESULT.read_text(encoding="utf-8")), CHART)


def _measure_with_progress(plan: Plan, keys: str, console: Console) -> Figures:
    columns = TextColumn("{task.description:58}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console, transient=True) as progress:
        turn = progress.add_task("starting", total=count_turns(plan, keys) + 1)

        def on_turn(what: str) -> None:
            progress.update(turn, description=what, advance=1)

        return measure(plan, keys, on_turn)


def _as_json(plan: Plan, figures: Figures, machine: dict[str, Any]) -> dict[str, Any]:
    return {
        "benchmark": "dispatch",
        "date": datetime.now(UTC).isoformat(timespec="minutes"),
        "machine": machine,
        "tls": figures.tls,
        "plan": asdict(plan),
        "ratios": [
            {
                "ratio": one.target.text,
                "value": round(one.ratio, 3),
                "of_rounds": [round(one.lowest, 3), round(one.highest, 3)],
                "target": one.target.limit,
                "at_most": one.target.at_most,
                "met": one.is_met,
            }
            for one in results(figures)
        ],
        "comparison": [one.as_json() for one in figures.base],
        "growth_of_answers": [one.as_json() for one in figures.sizes],
        "growth_of_workers": [one.as_json() for one in figures.workers],
    }


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
