"""`bin/cli orm`: the models of tables that belong to others."""

import os
from collections.abc import Collection, Iterable
from typing import Annotated

import typer

from cli.environment import store_url, use_running_stack
from cli.errors import CommandError
from cli.orm.comparing import differences_of_files
from cli.orm.files import TABLES_FILE, VIEWS_FILE, write
from cli.orm.generating import generate
from cli.orm.stored import COLUMNS_FILE, differences_of_database
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
def both(
    service: _Name = None,
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit 1 if a file differs from what would be written.")
    ] = False,
) -> None:
    """
    Write orm/tables.py and orm/views.py of SERVICE.

    Raises:
        CommandError: With --check, the files of a service, or of any, differ from its schema/schema.sql.
    """
    if not check:
        return _write(_find(service), {TABLES_FILE, VIEWS_FILE, COLUMNS_FILE})
    chosen = [_find(service)] if service else _reflected()
    differing = [one for one in chosen if _report(one, differences_of_files(ROOT / one.name), "schema/schema.sql")]
    if differing:
        names = " and ".join(f"`make orm SERVICE={one.name}`" for one in differing)
        raise CommandError(f"Run {names}, read the difference, and change what uses these columns.")
    return None


@app.command("check")
def live(service: _Name = None) -> None:
    """
    Compare the models of SERVICE with its database; exits 1 when they differ.

    Raises:
        CommandError: They differ, or the database does not answer.
    """
    found = _find(service)
    use_running_stack([found])
    differences = differences_of_database(ROOT / found.name, store_url(found).get_secret_value())
    if _report(found, differences, "its database"):
        raise CommandError(
            "If the owner has changed the database, bring schema/schema.sql up to date, then: "
            f"make orm SERVICE={found.name}. If the models are newer, let the owner migrate the database "
            f"({found.owner_variable} in .dev/env); in development, its data may be deleted instead: stop the stack, "
            f"then bin/cli reset {found.name}."
        )


def _report(service: Service, differences: Iterable[str], source: str) -> bool:
    """Print how the models differ from their source; returns whether they do."""
    lines = list(differences)
    for line in lines or [f"the models agree with {source}"]:
        typer.echo(f"{service.name}: {line}")
    return bool(lines)


def _reflected() -> list[Service]:
    return [service for service in SERVICES if service.kind == "reflected"]


def _find(name: str | None) -> Service:
    """Return the service of this name, or the only one that reflects a schema."""
    reflected = _reflected()
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
    url = os.environ.get("DATABASE_URL", "").strip()
    files = generate(folder, url)
    changed = write(folder / "orm", {name: text for name, text in files.items() if name in chosen})
    typer.echo(f"{service.name}: read from {'the database that DATABASE_URL names' if url else 'schema/schema.sql'}")
    for name in sorted(chosen):
        typer.echo(f"{service.name}/orm/{name}: {'written' if name in changed else 'unchanged'}")
