"""`python -m cli smoke`: imports and builds every service, with secrets made up for it and nothing opened."""

import os
import tempfile
from importlib import import_module
from pathlib import Path

import typer

from cli.links import links
from cli.services import SERVICES
from cli.stack.secrets import ensure_secrets


def smoke() -> None:
    """
    Import and build every service.

    Raises:
        Exception: Whatever keeps a service from being built.
    """
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(ensure_secrets(Path(folder) / "secrets.json", links()))
    for service in SERVICES:
        scheme = "postgresql" if service.store == "postgres" else "mongodb"
        os.environ[service.store_variable] = f"{scheme}://nobody:nowhere@127.0.0.1:1/nothing"
        os.environ[service.url_variable] = "http://127.0.0.1:1"
    for service in SERVICES:
        app = import_module(f"{service.name}.main").build()
        typer.echo(f"{service.name}: {len(app.openapi()['paths'])} paths")
