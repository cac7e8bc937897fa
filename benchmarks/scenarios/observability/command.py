"""``python -m benchmarks observability``."""

from typing import Annotated

import typer

from benchmarks.scenario import run
from benchmarks.scenarios.observability.scenario import FULL, QUICK, SCENARIO


def command(
    *,
    quick: Annotated[bool, typer.Option(help="Fewer and shorter rounds; 3 minutes instead of 6.")] = False,
) -> None:
    """Measure the cost of traces and error reports for an order. Run it on a quiet machine."""
    run(SCENARIO, QUICK if quick else FULL, keep=False)
