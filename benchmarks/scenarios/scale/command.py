"""``python -m benchmarks scale``."""

from typing import Annotated

import typer

from benchmarks.scenario import run
from benchmarks.scenarios.scale.scenario import FULL, QUICK, SCENARIO


def command(
    *,
    quick: Annotated[
        bool, typer.Option(help="3 minutes instead of 12: fewer and shorter steps; keeps nothing.")
    ] = False,
) -> None:
    """Measure more workers and replicas behind nginx, then kill primaries and replicas. Run it on a quiet machine."""
    run(SCENARIO, QUICK if quick else FULL, keep=not quick)
