"""`bin/cli orm`: the models of tables that belong to others."""

import os
from collections.abc import Collection
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from cli.errors import CommandError
from cli.orm.files import COLUMNS_FILE, TABLES_FILE, VIEWS_FILE, render, write
from cli.orm.reading import read
from cli.orm.settings import FILE, read_reflection
from cli.orm.source import existing, throwaway
from cli.services import SERVICES, Service, find_service
from cli.services.discovery import ROOT

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Generate the models of tables that belong to others."
)

_Name = Annotated[
    str | None, typer.Argument(metavar="SERVICE", help="Needed only if several services reflect a schema.")
]


@app.command()
def models(service: _Name = None) -> None:
    """Write orm/tables.py of SERVICE from its schema/schema.sql, or from the database that DATABASE_URL names."""
    _write(_find(service), {TABLES_FILE, COLUMNS_FILE})


@app.command()
def views(service: _Name = None) -> None:
    """Write orm/views.py of SERVICE from its schema/schema.sql, or from the database that DATABASE_URL names."""
    _write(_find(service), {VIEWS_FILE, COLUMNS_FILE})


@app.command("all")
def both(service: _Name = None) -> None:
    """Write orm/tables.py and orm/views.py of SERVICE."""
    _write(_find(service), {TABLES_FILE, VIEWS_FILE, COLUMNS_FILE})


def _find(name: str | None) -> Service:
    """Return the service of this name, or the only one that reflects a schema."""
    reflected = [service for service in SERVICES if service.kind == "reflected"]
    if name is None and len(reflected) == 1:
        return reflected[0]
    if name is None:
        names = ", ".join(service.name for service in reflected)
        raise CommandError(f"Name one of {names}." if names else "No service reflects a schema.")
    if (found := find_service(name)) not in reflected:
        raise CommandError(f'{name} has tables of its own: database = "{found.kind}" in its service.toml.')
    return found


def _write(service: Service, chosen: Collection[str]) -> None:
    folder = ROOT / service.name
    files = generate(folder, os.environ.get("DATABASE_URL", "").strip())
    changed = write(folder / "orm", {name: text for name, text in files.items() if name in chosen})
    for name in sorted(chosen):
        typer.echo(f"{service.name}/orm/{name}: {'written' if name in changed else 'unchanged'}")


def generate(folder: Path, url: str = "") -> dict[str, str]:
    """
    Return the generated files of the service in *folder*, from the database at *url*, otherwise from its schema.sql.

    Raises:
        CommandError: Its reflect.toml or its schema.sql is wrong, or the database does not answer.
    """
    reflection = read_reflection(folder / "orm" / FILE)
    namespace, module = reflection.namespace, f"{folder.name}.orm.tables"
    with (
        nullcontext(existing(url, namespace)) if url else throwaway(folder / "schema/schema.sql", namespace) as address
    ):
        reading = read(address, reflection, module)
    return dict(render(reading, folder.name, namespace))
