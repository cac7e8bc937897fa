"""The benchmark as a command: measure, show, keep."""

from dataclasses import asdict

from rich.console import Console

from benchmarks.machine import describe_machine
from benchmarks.results import Kept, ratios_as_json, with_progress
from benchmarks.scenarios.orders.chart import draw
from benchmarks.scenarios.orders.plan import Plan
from benchmarks.scenarios.orders.report import show
from benchmarks.scenarios.orders.scenario import measure
from benchmarks.scenarios.orders.targets import results

KEPT = Kept("orders", draw)
_PACKAGES = (
    "aiohttp", "asyncpg", "cryptography", "fastapi", "gunicorn", "pydantic", "pyjwt", "pyreqwest", "python-jose",
    "sqlalchemy", "starlette", "uvicorn", "uvloop",
)  # fmt: skip


def run(plan: Plan, *, keep: bool) -> None:
    """Measure both sides and show the figures; *keep* them and the chart in the repository."""
    console = Console()
    figures = with_progress(lambda on_turn: measure(plan, on_turn), plan.turns, console)
    machine = describe_machine(*_PACKAGES)
    show(console, figures, machine)
    if keep:
        series = [one.as_json() for one in figures]
        KEPT.keep(machine, plan=asdict(plan), ratios=ratios_as_json(results(figures)), series=series)
        console.print(f"Kept in {KEPT.figures} and {KEPT.chart}.")
