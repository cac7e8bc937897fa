"""``python -m benchmarks …``: measurements of the services and their alternatives; each benchmark is a scenario."""

import logging
import os
from importlib import import_module
from pathlib import Path
from typing import Annotated, Literal

import structlog
import typer

from benchmarks.scenario import redraw
from benchmarks.scenarios.dispatch import profiling
from benchmarks.scenarios.dispatch.command import keys

SCENARIOS = sorted(file.parent.name for file in Path(__file__).parent.glob("scenarios/*/command.py"))
app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def quietly() -> None:
    """Measure, beside the peers."""
    # Our own calls, as to log a person in, are not logged.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


@app.command()
def charts() -> None:
    """Draw the charts again from the stored figures."""
    for name in SCENARIOS:
        redraw(import_module(f"benchmarks.scenarios.{name}.scenario").SCENARIO)


@app.command()
def dispatch_profile(
    candidate: Annotated[str, typer.Argument(callback=keys, help="One letter.")] = "a",
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
    for scenario in SCENARIOS:
        app.command(scenario)(import_module(f"benchmarks.scenarios.{scenario}.command").command)
    app()
