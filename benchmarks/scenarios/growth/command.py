"""``python -m benchmarks growth``."""

from typing import Annotated

import typer

from benchmarks.scenario import run
from benchmarks.scenarios.growth.scenario import FULL, QUICK, SCENARIO


def command(
    *,
    quick: Annotated[
        bool, typer.Option(help="4 minutes instead of 16: a twentieth of the rows, fewer rounds; keeps nothing.")
    ] = False,
) -> None:
    """Measure with a million orders, users and waiting events, beside empty databases. Run it on a quiet machine."""
    run(SCENARIO, QUICK if quick else FULL, keep=not quick)
