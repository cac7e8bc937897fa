"""The benchmark as a command: measure, show, keep."""

import os
import shutil
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from benchmarks.deployment import NotMigrated, NotReady
from benchmarks.machine import describe_machine
from benchmarks.results import Kept, with_progress
from benchmarks.scenarios.orders.scenario import DoesNotWork
from benchmarks.scenarios.scale.chart import draw
from benchmarks.scenarios.scale.nginx import find_nginx
from benchmarks.scenarios.scale.plan import Plan
from benchmarks.scenarios.scale.report import broken_rules, show
from benchmarks.scenarios.scale.scenario import TURNS_OF_FAILING, measure
from cli.errors import CommandError

KEPT = Kept("scale", draw)
_PACKAGES = ("asyncpg", "fastapi", "gunicorn", "pydantic", "pyreqwest", "sqlalchemy", "starlette", "uvicorn", "uvloop")


def run(plan: Plan, *, keep: bool) -> None:
    """Measure the steps and the kills, and show the figures; *keep* them and the chart in the repository."""
    console = Console()
    folder = Path(tempfile.mkdtemp(prefix="scale-"))
    folder.chmod(0o711)  # PostgreSQL runs as nobody where we are root, and has its data in it
    turns = 2 * len(plan.steps) + TURNS_OF_FAILING
    try:
        nginx, version = find_nginx(os.environ["PATH"])
        figures, failing = with_progress(lambda on_turn: measure(plan, folder, nginx, on_turn), turns, console)
    except* (CommandError, DoesNotWork, NotMigrated, NotReady) as errors:
        sys.exit(f"{errors.exceptions}\nThe logs are in {folder}.")
    machine = describe_machine(*_PACKAGES)
    machine["versions"]["nginx"] = version
    show(console, figures, failing, machine)
    if broken := broken_rules(figures, failing):
        sys.exit("\n".join([*broken, f"The databases do not agree. Logs and data are in {folder}."]))
    shutil.rmtree(folder)
    if keep:
        steps = [one.as_json() for one in figures]
        kills = {"acknowledged": failing.acknowledged, "kills": [one.as_json() for one in failing.recoveries]}
        KEPT.keep(machine, plan=asdict(plan), steps=steps, failing_over=kills)
        console.print(f"Kept in {KEPT.figures} and {KEPT.chart}.")
