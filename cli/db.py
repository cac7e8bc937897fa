"""`bin/cli db`: the schemas of the services' databases."""

import os
import tempfile
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from pydantic import SecretStr

from cli.dev.files import ROOT
from cli.environment import use_running_stack
from cli.errors import CommandError
from cli.services import SERVICES, Service

if TYPE_CHECKING:
    from alembic.config import Config

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Migrate the databases.")


@app.command()
def migrate(
    service: str, message: str = typer.Option(..., "-m", "--message", help="What changes, in a few words.")
) -> None:
    """Write a migration of SERVICE from the difference between its models and its database."""
    from alembic import command

    found = _find(service)
    use_running_stack()
    command.revision(_alembic(found), message=message, autogenerate=True)


@app.command()
def upgrade(service: str | None = typer.Argument(None, help="Only this one.")) -> None:
    """Migrate the databases of all services (or one) to the newest schema; a current one is left alone."""
    chosen = [_find(service)] if service else list(SERVICES)
    use_running_stack()
    for one in chosen:
        _upgrade(one)
        typer.echo(f"{one.name}: up to date")


@app.command()
def downgrade(service: str, revision: str = typer.Argument("-1", help="A revision, or -1 for the one before.")) -> None:
    """Return the database of SERVICE to an earlier schema."""
    from alembic import command

    use_running_stack()
    command.downgrade(_alembic(_find(service)), revision)


@app.command()
def check() -> None:
    """Compare the migrations with the models, in a temporary database; exits 1 when they differ."""
    from alembic import command

    from cli.dev.ports import free_port
    from cli.dev.postgres import EmbeddedPostgres

    services = [service for service in SERVICES if service.store == "postgres"]
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder), free_port()) as postgres:
        for service in services:
            os.environ[service.store_variable] = postgres.create_database(f"{service.name}_service")
            _upgrade(service)
            command.check(_alembic(service))


def _upgrade(service: Service) -> None:
    if service.store == "postgres":
        from alembic import command

        command.upgrade(_alembic(service), "head")
    else:
        from chassis.mongodb.database import create_indexes

        indexes = import_module(f"{service.name}.models").INDEXES
        migrate = import_module(f"{service.name}.migrations").migrate
        create_indexes(SecretStr(os.environ[service.store_variable]), indexes, migrate)


def _alembic(service: Service) -> "Config":
    return read_config(ROOT / service.name / "alembic.ini")


def read_config(file: Path) -> "Config":
    """Read an alembic.ini from any path: a "%" in the path must not be interpolated."""
    from alembic.config import Config

    config = Config(file)
    config.file_config.set("DEFAULT", "here", str(file.parent).replace("%", "%%"))
    return config


def _find(name: str) -> Service:
    for service in SERVICES:
        if service.name == name:
            return service
    message = f"There is no service '{name}'. Use one of {', '.join(one.name for one in SERVICES)}."
    raise CommandError(message)
