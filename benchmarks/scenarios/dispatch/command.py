"""The benchmark as a command: measure, show, keep."""

from dataclasses import asdict
from typing import Any

from rich.console import Console

from benchmarks.machine import describe_machine
from benchmarks.results import Kept, ratios_as_json, with_progress
from benchmarks.runner import count_turns, measure
from benchmarks.scenarios.dispatch.chart import draw
from benchmarks.scenarios.dispatch.figures import Figures
from benchmarks.scenarios.dispatch.report import show
from benchmarks.scenarios.dispatch.scenario import Plan
from benchmarks.scenarios.dispatch.targets import results

KEPT = Kept("dispatch", draw)
_PACKAGES = (
    "cryptography", "fastapi", "grpcio", "httptools", "httpx", "orjson", "protobuf", "pydantic", "pyreqwest",
    "starlette", "uvicorn", "uvloop",
)  # fmt: skip


def run(plan: Plan, keys: str, *, keep: bool) -> None:
    """Measure the candidates *keys* and show the figures; *keep* them and the chart in the repository."""
    console = Console()
    figures = with_progress(lambda on_turn: measure(plan, keys, on_turn), count_turns(plan, keys), console)
    machine = describe_machine(*_PACKAGES)
    show(console, figures, machine)
    if keep:
        KEPT.keep(machine, **_as_json(plan, figures))
        console.print(f"Kept in {KEPT.figures} and {KEPT.chart}.")


def _as_json(plan: Plan, figures: Figures) -> dict[str, Any]:
    return {
        "tls": figures.tls,
        "plan": asdict(plan),
        "ratios": ratios_as_json(results(figures)),
        "comparison": [one.as_json() for one in figures.base],
        "growth_of_answers": [one.as_json() for one in figures.sizes],
        "growth_of_workers": [one.as_json() for one in figures.workers],
    }
