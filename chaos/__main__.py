"""``python -m chaos …``: real processes are killed or attacked under load; no data may be lost or doubled."""

from importlib import import_module
from pathlib import Path

import typer

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def root() -> None:
    """Kill or attack real processes under load."""


if __name__ == "__main__":
    for scenario in sorted(Path(__file__).parent.glob("scenarios/*/command.py")):
        name = scenario.parent.name
        app.command(name)(import_module(f"chaos.scenarios.{name}.command").command)
    app()
