"""``python -m benchmarks …``: measurements of the services and their alternatives; each benchmark is a scenario."""

import logging
import os
from dataclasses import replace
from typing import Annotated, Literal

import structlog
import typer

from benchmarks.scenario import redraw, run
from benchmarks.scenarios import observability as watching
from benchmarks.scenarios.analytics import scenario as analysing
from benchmarks.scenarios.dispatch import profiling
from benchmarks.scenarios.dispatch import scenario as dispatching
from benchmarks.scenarios.dispatch.candidates import CANDIDATES, USUAL
from benchmarks.scenarios.growth import scenario as growing
from benchmarks.scenarios.orders import scenario as ordering
from benchmarks.scenarios.scale import scenario as scaling

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def quietly() -> None:
    """Measure, beside the peers."""
    # Our own calls, as to log a person in, are not logged.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


def _keys(text: str) -> str:
    chosen = text.replace(",", "").replace(" ", "")
    if not chosen or set(chosen) - CANDIDATES.keys():
        raise typer.BadParameter(f"letters of {', '.join(CANDIDATES)}, as in a,c")
    return "".join(sorted(set(chosen)))


@app.command()
def dispatch(
    *,
    quick: Annotated[
        bool, typer.Option(help="40 s instead of 4 minutes: fewer rounds, no growth; keeps nothing.")
    ] = False,
    only: Annotated[str, typer.Option(callback=_keys, help="These candidates, as in a,c; keeps nothing.")] = USUAL,
) -> None:
    """Measure one service calling another: the dispatcher, gRPC and httpx. Run it on a quiet machine."""
    plan = replace(dispatching.QUICK if quick else dispatching.FULL, keys=only)
    run(dispatching.SCENARIO, plan, keep=not quick and only == USUAL)


@app.command()
def orders(
    *,
    quick: Annotated[
        bool, typer.Option(help="1 minute instead of 7: fewer rounds, one worker; keeps nothing.")
    ] = False,
) -> None:
    """Measure placing an order: the services, and the same by hand. Run it on a quiet machine."""
    run(ordering.SCENARIO, ordering.QUICK if quick else ordering.FULL, keep=not quick)


@app.command()
def observability(
    *,
    quick: Annotated[bool, typer.Option(help="Fewer and shorter rounds; 3 minutes instead of 6.")] = False,
) -> None:
    """Measure the cost of traces and error reports for an order. Run it on a quiet machine."""
    run(watching.SCENARIO, watching.QUICK if quick else watching.FULL, keep=False)


@app.command()
def analytics(
    *,
    quick: Annotated[
        bool,
        typer.Option(
            help="Minutes instead of a quarter of an hour: 300,000 events in place of ten million; keeps nothing."
        ),
    ] = False,
) -> None:
    """Measure storing events and querying statistics, beside MongoDB by hand. Run it on a quiet machine."""
    run(analysing.SCENARIO, analysing.QUICK if quick else analysing.FULL, keep=not quick)


@app.command()
def growth(
    *,
    quick: Annotated[
        bool, typer.Option(help="4 minutes instead of 16: a twentieth of the rows, fewer rounds; keeps nothing.")
    ] = False,
) -> None:
    """Measure with a million orders, users and waiting events, beside empty databases. Run it on a quiet machine."""
    run(growing.SCENARIO, growing.QUICK if quick else growing.FULL, keep=not quick)


@app.command()
def scale(
    *,
    quick: Annotated[
        bool, typer.Option(help="3 minutes instead of 12: fewer and shorter steps; keeps nothing.")
    ] = False,
) -> None:
    """Measure more workers and replicas behind nginx, then kill primaries and replicas. Run it on a quiet machine."""
    run(scaling.SCENARIO, scaling.QUICK if quick else scaling.FULL, keep=not quick)


@app.command()
def charts() -> None:
    """Draw the charts again from the stored figures."""
    for scenario in (dispatching.SCENARIO, ordering.SCENARIO, analysing.SCENARIO, scaling.SCENARIO):
        redraw(scenario)


@app.command()
def dispatch_profile(
    candidate: Annotated[str, typer.Argument(callback=_keys, help="One letter.")] = "a",
    *,
    side: Annotated[Literal["client", "server"], typer.Option()] = "client",
    tree: Annotated[
        bool, typer.Option(help="Sampled call tree (pyinstrument), not counted functions (cProfile).")
    ] = False,
    concurrency: Annotated[int, typer.Option(min=1)] = 32,
    calls: Annotated[int, typer.Option(min=100)] = 20_000,
) -> None:
    """Profile a call: where its time is spent."""
    print(profiling.profile(candidate[0], side, tree=tree, concurrency=concurrency, calls=calls))  # noqa: T201


if __name__ == "__main__":
    # Inherited by all processes: nothing leaves this machine, and refused requests are not logged.
    os.environ |= {"NO_PROXY": "127.0.0.1", "GRPC_VERBOSITY": "NONE"}
    app()
