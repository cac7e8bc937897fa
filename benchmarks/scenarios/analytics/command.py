"""``python -m benchmarks analytics``."""

from typing import Annotated

import typer

from benchmarks.scenario import run
from benchmarks.scenarios.analytics.scenario import FULL, QUICK, SCENARIO


def command(
    *,
    quick: Annotated[
        bool,
        typer.Option(
            help="Minutes instead of a quarter of an hour: 300,000 events in place of ten million; keeps nothing."
        ),
    ] = False,
) -> None:
    """Measure storing events and querying statistics, beside MongoDB by hand. Run it on a quiet machine."""
    run(SCENARIO, QUICK if quick else FULL, keep=not quick)
