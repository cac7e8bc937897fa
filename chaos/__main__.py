"""``python -m chaos …``: real processes are killed or attacked under load; no data may be lost or doubled."""

from secrets import randbelow
from typing import Annotated

import typer

from chaos.scenarios.attack.scenario import run_attacks
from chaos.scenarios.ingestion.faults import Plan as IngestionPlan
from chaos.scenarios.ingestion.scenario import run_ingestion
from chaos.scenarios.orders.customers import Plan as OrdersPlan
from chaos.scenarios.orders.scenario import run_orders
from cli.dev.console import console

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

Seed = Annotated[int | None, typer.Option(help="Of all random choices; a new one if it is left out.")]


@app.command()
def orders(  # noqa: PLR0913 - the options of a command
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
    seed = _drawn(seed)
    plan = _quick(clients, seed) if quick else OrdersPlan(attempts, kills, minutes, clients, seed)
    run_orders(plan, console, keep_chart=report)


@app.command()
def ingestion(
    *,
    kills: Annotated[int, typer.Option(min=1, help="One after the other.")] = 100,
    minutes: Annotated[float, typer.Option(help="Begin no kill after this time.")] = 20.0,
    members: Annotated[int, typer.Option(min=1, help="Of MongoDB's replica set.")] = 3,
    seed: Seed = None,
) -> None:
    """Send events while their database and their service are killed; each must be stored and counted once."""
    run_ingestion(IngestionPlan(kills, minutes, _drawn(seed), members=members), console)


@app.command()
def attack(
    *,
    bound_ms: Annotated[float, typer.Option(help="The bystander's longest request during an attack.")] = 100.0,
    seconds: Annotated[float, typer.Option(help="How long each attack lasts.")] = 5.0,
    only: Annotated[str, typer.Option(help="Only attacks with this in their name.")] = "",
) -> None:
    """Run all known attacks, one after the other, at the service port and at the edge."""
    run_attacks(only, seconds=seconds, bound_ms=bound_ms)


def _drawn(seed: int | None) -> int:
    return randbelow(1_000_000) if seed is None else seed


def _quick(clients: int, seed: int) -> OrdersPlan:
    """Return a plan of three minutes. CI shares its machine: it has longer to settle, and may lose as little."""
    return OrdersPlan(10_000, 60, 1.75, clients, seed, drained_within_s=30, settled_within_s=60)


if __name__ == "__main__":
    app()
