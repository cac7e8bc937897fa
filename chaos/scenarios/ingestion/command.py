"""``python -m chaos ingestion``."""

from typing import Annotated

import typer

from chaos.runner import Seed, drawn
from chaos.scenarios.ingestion.faults import Plan
from chaos.scenarios.ingestion.scenario import run_ingestion
from cli.dev.console import console


def command(
    *,
    kills: Annotated[int, typer.Option(min=1, help="One after the other.")] = 100,
    minutes: Annotated[float, typer.Option(help="Begin no kill after this time.")] = 20.0,
    members: Annotated[int, typer.Option(min=1, help="Of MongoDB's replica set.")] = 3,
    seed: Seed = None,
) -> None:
    """Send events while their database and their service are killed; each must be stored and counted once."""
    run_ingestion(Plan(kills, minutes, drawn(seed), members=members), console)
