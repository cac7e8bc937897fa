"""``python -m benchmarks gateway``."""

from typing import Annotated

import typer

from benchmarks.scenario import run
from benchmarks.scenarios.gateway.scenario import FULL, QUICK, SCENARIO


def command(
    *,
    quick: Annotated[
        bool, typer.Option(help="2 minutes instead of 7: fewer rounds and subscribers; keeps nothing.")
    ] = False,
) -> None:
    """Measure the gateway: beside the services, beside a page composed by hand, and with held subscriptions."""
    run(SCENARIO, QUICK if quick else FULL, keep=not quick)
