"""`bin/cli service`: services, as folders that are created and removed."""

import typer

from cli.services.create import create
from cli.services.remove import remove

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Create, check and remove services.")
app.command()(create)
app.command()(remove)


@app.callback()
def root() -> None:
    """Create, check and remove services."""
