"""``python -m benchmarks orders``."""

from typing import Annotated

import typer

from benchmarks.scenario import run
from benchmarks.scenarios.orders.scenario import FULL, QUICK, SCENARIO


def command(
    *,
    quick: Annotated[
        bool, typer.Option(help="1 minute instead of 7: fewer rounds, one worker; keeps nothing.")
    ] = False,
) -> None:
    """Measure placing an order: the services, and the same by hand. Run it on a quiet machine."""
    run(SCENARIO, QUICK if quick else FULL, keep=not quick)
