"""``python -m benchmarks dispatch``."""

from dataclasses import replace
from typing import Annotated

import typer

from benchmarks.scenario import run
from benchmarks.scenarios.dispatch.candidates import CANDIDATES, USUAL
from benchmarks.scenarios.dispatch.scenario import FULL, QUICK, SCENARIO


def keys(text: str) -> str:
    """
    Return the chosen candidates, each once.

    Raises:
        BadParameter: There is no such candidate.
    """
    chosen = text.replace(",", "").replace(" ", "")
    if not chosen or set(chosen) - CANDIDATES.keys():
        raise typer.BadParameter(f"letters of {', '.join(CANDIDATES)}, as in a,c")
    return "".join(dict.fromkeys(chosen))


def command(
    *,
    quick: Annotated[
        bool, typer.Option(help="40 s instead of 4 minutes: fewer rounds, no growth; keeps nothing.")
    ] = False,
    only: Annotated[str, typer.Option(callback=keys, help="These candidates, as in a,c; keeps nothing.")] = USUAL,
) -> None:
    """Measure one service calling another: the dispatcher, gRPC and httpx. Run it on a quiet machine."""
    plan = replace(QUICK if quick else FULL, keys=only)
    run(SCENARIO, plan, keep=not quick and only == USUAL)
