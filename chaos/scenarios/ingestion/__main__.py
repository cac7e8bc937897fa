"""``python -m chaos.scenarios.ingestion``: kill MongoDB's members and analytics' workers, again and again."""

import asyncio
import json
import logging
import shutil
import sys
import tempfile
from pathlib import Path
from secrets import randbelow
from typing import Annotated

import structlog
import typer

from chaos.scenarios.ingestion.plan import Plan
from chaos.scenarios.ingestion.scenario import Outcome, run
from cli.dev.console import console
from cli.errors import CommandError

_SHOWN = 10
"""How many are printed of what breaks a rule; the JSON has all."""


def ingestion(
    *,
    kills: Annotated[int, typer.Option(min=1, help="One after the other.")] = 100,
    minutes: Annotated[float, typer.Option(help="Kill nothing after so long.")] = 20.0,
    members: Annotated[int, typer.Option(min=1, help="Of MongoDB's replica set.")] = 3,
    seed: Annotated[int | None, typer.Option(help="Of all that is drawn; a new one if it is left out.")] = None,
) -> None:
    """Send events while their database and their service are killed; each must be stored and counted once."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))  # errors are counted
    plan = Plan(kills, minutes, randbelow(1_000_000) if seed is None else seed, members=members)
    folder = Path(tempfile.mkdtemp(prefix="ingestion-"))
    console.print(f"Seed {plan.seed}; logs and data in {folder}. Starting …")
    try:
        outcome = asyncio.run(run(plan, folder, console))
    except* CommandError as errors:
        sys.exit(f"{errors.exceptions}\nThe logs are in {folder}.")
    _show(outcome)
    (folder / "report.json").write_text(json.dumps(outcome.broken, indent=1), encoding="utf-8")
    if not outcome.is_good:
        sys.exit(f"Something was lost or miscounted. Logs, data and report are in {folder}; the seed is {plan.seed}.")
    shutil.rmtree(folder)


def _show(outcome: Outcome) -> None:
    book = outcome.book
    kills = ", ".join(f"{what} {times}" for what, times in outcome.kills.items())
    errors = ", ".join(f"{what} {times}" for what, times in book.errors.most_common())
    console.print(f"{len(book.acknowledged):,} events; killed: {kills}; errors seen: {errors or 'none'}")
    console.print(f"All counted {outcome.counted_s:.1f} s after the last answer.")
    for rule, breaches in outcome.broken.items():
        console.print(f"[red]✗ {rule}: {len(breaches)}[/red]" if breaches else f"[green]✓[/green] {rule}")
        for one in breaches[:_SHOWN]:
            console.print(f"    {one}", markup=False)


if __name__ == "__main__":
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(ingestion)
    app()
