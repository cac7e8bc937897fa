"""``python -m chaos``: kill everything, again and again, while orders are placed; nothing may be lost or doubled."""

import asyncio
import json
import shutil
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from secrets import randbelow
from typing import Annotated

import typer

from chaos.chart import draw
from chaos.report import as_json, show
from chaos.scenarios.orders.plan import Plan
from chaos.scenarios.orders.scenario import run
from cli.dev.console import console
from cli.dev.files import ROOT
from cli.errors import CommandError

CHART = ROOT / "docs/images/chaos.svg"


def chaos(  # noqa: PLR0913 - the options of a command
    *,
    attempts: Annotated[int, typer.Option(min=1, help="Orders that clients try to place.")] = 100_000,
    kills: Annotated[int, typer.Option(min=0, help="Spread over the attempts; a quarter as many pauses.")] = 1_000,
    minutes: Annotated[float, typer.Option(help="Begin nothing after so long.")] = 90.0,
    clients: Annotated[int, typer.Option(min=1, help="Attempts under way at a time.")] = 24,
    seed: Annotated[int | None, typer.Option(help="Of all that is drawn; a new one if it is left out.")] = None,
    quick: Annotated[bool, typer.Option(help="As much as three minutes allow.")] = False,
    report: Annotated[bool, typer.Option(help="Keep the chart in docs/images.")] = False,
) -> None:
    """Place orders while processes and databases are killed, and hold what clients were told against all databases."""
    seed = randbelow(1_000_000) if seed is None else seed
    plan = _quick(clients, seed) if quick else Plan(attempts, kills, minutes, clients, seed)
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    folder.chmod(0o711)  # PostgreSQL runs as nobody where we are root, and has its data in it
    try:
        outcome = asyncio.run(run(plan, folder, console))
    except* CommandError as errors:
        sys.exit(f"{errors.exceptions}\nThe logs are in {folder}.")
    figures = as_json(plan, outcome)
    (folder / "report.json").write_text(json.dumps(figures, indent=1), encoding="utf-8")
    with (folder / "book.jsonl").open("w", encoding="utf-8") as book:
        book.writelines(json.dumps(asdict(entry), default=sorted) + "\n" for entry in outcome.book.entries)
    draw(figures, CHART if report else folder / "chaos.svg")
    show(console, figures, outcome.broken)
    if not outcome.is_good:
        sys.exit(f"Something was lost, doubled or late. Logs, data and report are in {folder}; the seed is {seed}.")
    for data in ("postgres", "mongodb"):
        shutil.rmtree(folder / data)
    (folder / "secrets.json").unlink()
    console.print(f"Everything agrees. Logs, report and the clients' book are in {folder}.")


def _quick(clients: int, seed: int) -> Plan:
    """What three minutes allow. Where CI runs others work too: it has longer to settle, and may lose as little."""
    return Plan(10_000, 60, 1.75, clients, seed, drained_within_s=30, settled_within_s=60)


if __name__ == "__main__":
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(chaos)
    app()
