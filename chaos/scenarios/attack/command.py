"""``python -m chaos attack``."""

from typing import Annotated

import typer

from chaos.scenarios.attack.scenario import run_attacks


def command(
    *,
    bound_ms: Annotated[float, typer.Option(help="The bystander's longest request during an attack.")] = 100.0,
    seconds: Annotated[float, typer.Option(help="How long each attack lasts.")] = 5.0,
    only: Annotated[str, typer.Option(help="Only attacks with this in their name.")] = "",
) -> None:
    """Run all known attacks, one after the other, at the service port and at the edge."""
    run_attacks(only, seconds=seconds, bound_ms=bound_ms)
