"""``python -m benchmarks content``."""

from typing import Annotated

import typer

from benchmarks.scenario import run
from benchmarks.scenarios.content.scenario import FULL, QUICK, SCENARIO


def command(
    *,
    quick: Annotated[bool, typer.Option(help="1 minute instead of 3: fewer rounds; keeps nothing.")] = False,
) -> None:
    """Measure the list of pages: the service, and one query by hand whose JSON PostgreSQL or orjson writes."""
    run(SCENARIO, QUICK if quick else FULL, keep=not quick)
