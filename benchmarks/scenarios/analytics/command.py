"""The benchmark as a command: measure, show, keep."""

from dataclasses import asdict

from rich.console import Console

from benchmarks.machine import describe_machine
from benchmarks.results import Kept, ratios_as_json, with_progress
from benchmarks.scenarios.analytics.chart import draw
from benchmarks.scenarios.analytics.measure import measure
from benchmarks.scenarios.analytics.plan import Plan
from benchmarks.scenarios.analytics.report import show
from benchmarks.scenarios.analytics.targets import results

KEPT = Kept("analytics", draw)
_PACKAGES = (
    "aiohttp", "fastapi", "gunicorn", "motor", "orjson", "pydantic", "pymongo", "starlette", "uvicorn", "uvloop",
)  # fmt: skip


def run(plan: Plan, *, keep: bool) -> None:
    """Measure storing and answering, and show the figures; *keep* them and the chart in the repository."""
    console = Console()
    figures = with_progress(lambda on_turn: measure(plan, on_turn), plan.turns, console)
    machine = describe_machine(*_PACKAGES)
    show(console, figures, machine)
    if keep:
        KEPT.keep(
            machine,
            plan=asdict(plan),
            ratios=ratios_as_json(results(figures)),
            storing=[one.as_json() for one in figures.sides],
            answers=[one.as_json() for one in figures.answers],
        )
        console.print(f"Kept in {KEPT.figures} and {KEPT.chart}.")
