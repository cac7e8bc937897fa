"""`bin/cli smoke`: imports and builds every service."""

import typer

from cli.build import build_all


def smoke() -> None:
    """
    Import and build every service, and describe its routes.

    Raises:
        Exception: A service cannot be built.
    """
    for name, app in build_all().items():
        typer.echo(f"{name}: {len(app.openapi()['paths'])} paths")
