"""``python -m chaos orders``."""

from typing import Annotated

import typer

from chaos.runner import Seed, drawn
from chaos.scenarios.orders.customers import Plan
from chaos.scenarios.orders.scenario import run_orders
from cli.dev.console import console


def command(  # noqa: PLR0913 - the options of a command
    *,
    attempts: Annotated[int, typer.Option(min=1, help="Orders that clients try to place.")] = 100_000,
    kills: Annotated[int, typer.Option(min=0, help="Spread over the attempts; a quarter as many pauses.")] = 1_000,
    minutes: Annotated[float, typer.Option(help="Begin no attempt after this time.")] = 90.0,
    clients: Annotated[int, typer.Option(min=1, help="Attempts under way at a time.")] = 24,
    seed: Seed = None,
    quick: Annotated[bool, typer.Option(help="A short run of three minutes.")] = False,
    report: Annotated[bool, typer.Option(help="Keep the chart in docs/images.")] = False,
) -> None:
    """Place orders while processes and databases are killed, and compare what was acknowledged with all databases."""
    seed = drawn(seed)
    plan = _quick(clients, seed) if quick else Plan(attempts, kills, minutes, clients, seed)
    run_orders(plan, console, keep_chart=report)


def _quick(clients: int, seed: int) -> Plan:
    """Return a plan of three minutes. CI shares its machine: it has longer to settle, and may lose as little."""
    return Plan(10_000, 60, 1.75, clients, seed, drained_within_s=30, settled_within_s=60)
