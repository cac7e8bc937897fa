"""`bin/cli db`: the schemas of the services' databases."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import SecretStr

from cli.confirming import confirm
from cli.databases import reason
from cli.environment import store_url, use_running_stack
from cli.errors import CommandError
from cli.services import SERVICES, STORED, Service, find_service
from cli.services.discovery import ROOT

_INDEX_CONFLICTS = {85, 86}
"""MongoDB's IndexOptionsConflict and IndexKeySpecsConflict."""

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Migrate the databases.")


@app.command()
def migrate(
    service: str, message: str = typer.Option(..., "-m", "--message", help="What changes, in a few words.")
) -> None:
    """Write a migration of SERVICE from the difference between its models and its database; none if they agree."""
    from alembic import command

    from cli.migrations import migrating

    found = find_service(service)
    use_running_stack([found])
    with migrating(found) as work:
        if not find_spec("ruff"):  # in a container; `make format` formats the file
            work.config.file_config.remove_section("post_write_hooks")
        written = command.revision(
            work.config, message=message, autogenerate=True, process_revision_directives=_leave_out_empty
        )
    if isinstance(written, list):
        typer.echo(
            f"{service}: its models and its database agree, so no migration was written. For a migration of data: "
            f'cd {service}; ../.venv/bin/alembic revision -m "{message}"'
        )
    else:
        path = written and Path(written.path).relative_to(ROOT)
        typer.echo(f"{service}: wrote {path}. Read it, then: bin/cli db upgrade {service}")


@app.command()
def upgrade(
    services: Annotated[list[str] | None, typer.Argument(help="Only these.")] = None,
    *,
    foreign_tables: Annotated[
        bool,
        typer.Option(
            "--foreign-tables",
            help="Also create another team's tables (schema/schema.sql) where there are none, as for a trial.",
        ),
    ] = False,
) -> None:
    """
    Migrate the databases of all services (or some) to the newest schema, and print what was applied.

    Raises:
        CommandError: A database was not migrated; the others were.
    """
    chosen = list(map(find_service, services)) if services else list(STORED)
    use_running_stack(chosen)
    problems = list[str]()
    for one in chosen:
        try:
            created = _create_foreign_tables(one) if foreign_tables else []
            _report(one, [*created, *_upgrade(one)], "nothing to do")
        except CommandError as error:
            problems.append(str(error))
    if problems:
        raise CommandError("\n".join(problems))


@app.command()
def downgrade(
    service: str,
    revision: str = typer.Argument("-1", help="A revision, or -1 for the one before."),
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """
    Return the database of SERVICE to an earlier schema, and print what was undone. Asks first.

    Raises:
        CommandError: There is nothing to undo, or it was not confirmed, or the database refuses it.
    """
    from alembic import command

    from cli.migrations import migrating

    found = find_service(service)
    use_running_stack([found])
    with migrating(found) as work:
        if steps := work.undone_by(revision):
            undone = ", ".join(steps)
            loss = f"This undoes {undone} in the database of {service}. Tables and columns that go lose their data."
            confirm(loss, f"bin/cli db downgrade {service} {revision} --yes", yes=yes)
        command.downgrade(work.config, revision)
    _report(found, [f"undid {step}" for step in work.steps], "nothing to undo")


@app.command()
def check() -> None:
    """Compare the migrations with the models, in a temporary database; exits 1 when they differ."""
    from cli.dev.databases import create_database
    from cli.dev.ports import free_port
    from cli.dev.postgres import EmbeddedPostgres

    for problem in filter(None, unknown_in_running_stack()):
        typer.echo(problem)
    services = [service for service in SERVICES if service.store == "postgres"]
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder), free_port()) as postgres:
        for service in services:
            os.environ.update(create_database(postgres, service))
        differing = [service.name for service in services if not agrees(service)]
    if differing:
        commands = "\n".join(f'  bin/cli db migrate {name} -m "…"' for name in differing)
        raise CommandError(f"Write the missing migrations, with the stack running:\n{commands}")


def _upgrade(service: Service) -> list[str]:
    """Migrate a database; returns what was done."""
    if not service.store:
        return []
    if service.store == "mongodb":
        return _upgrade_mongodb(service)
    from alembic import command

    from cli.migrations import migrating

    with migrating(service) as work:
        command.upgrade(work.config, "head")
    return [f"applied {step}" for step in work.steps]


def _create_foreign_tables(service: Service) -> list[str]:
    """Create the tables of another team, if the service is one with such tables; returns what was done."""
    if service.kind != "reflected":
        return []
    from cli.foreign_tables import create_foreign_tables  # the images of other services lack its libraries

    return create_foreign_tables(service)


def _upgrade_mongodb(service: Service) -> list[str]:
    from pymongo.errors import PyMongoError

    from chassis.mongodb.database import create_indexes
    from chassis.mongodb.dsn import checked

    indexes = import_module(f"{service.name}.models").INDEXES
    migrations = import_module(f"{service.name}.migrations").migrate
    try:
        return create_indexes(checked(store_url(service)), indexes, migrations)
    except (PyMongoError, ValueError) as error:
        problem = f"{service.name}: its database ({service.store_variable}) failed: {reason(error)}."
        if getattr(error, "code", None) in _INDEX_CONFLICTS:
            problem += (
                " Another branch has probably created this index. Drop it, or delete the data: stop the stack, then "
                f"bin/cli reset {service.name}, which asks first."
            )
        raise CommandError(problem) from None


def _leave_out_empty(_context: object, _revision: object, directives: list[Any]) -> None:
    """Have Alembic write no migration without a difference."""
    if directives[0].upgrade_ops.is_empty():
        directives.clear()


def agrees(service: Service) -> bool:
    """Whether the migrations of a service create the tables of its models; prints how they differ."""
    from alembic import command
    from alembic.util import AutogenerateDiffsDetected

    from cli.migrations import migrating

    _upgrade(service)
    differences = list[str]()
    with migrating(service) as work:
        try:
            command.check(work.config)
        except AutogenerateDiffsDetected as error:
            differences = [_describe(one) for one in error.diffs]
    _report(service, [f"without a migration: {one}" for one in differences], "the migrations agree with the models")
    return not differences


def _describe(difference: Any) -> str:  # noqa: ANN401 - Alembic's tuples, some in lists
    """Return a difference as in ``add column note of orders``."""
    if isinstance(difference, list):
        return "; ".join(map(_describe, difference))
    kind, *about = difference
    if kind.startswith("modify_"):
        return f"{kind.replace('_', ' ')} of {about[1]}.{about[2]}"
    item = about[-1]
    table = getattr(item, "table", None)
    return f"{kind.replace('_', ' ')} {item.name}" + (f" of {table.name}" if table is not None else "")


def unknown_in_running_stack() -> Iterator[str]:
    """Yield what to do about each database of the running stack that has a migration of another branch."""
    from cli.dev.environment import NoStack, running_environment
    from cli.migrations import FAILURES, revisions, unknown

    try:
        running = running_environment([])
    except NoStack:
        return
    for service in SERVICES:
        if service.store == "postgres" and service.store_variable in running:
            with suppress(*FAILURES):  # it does not answer; `make doctor` examines that
                yield unknown(service, revisions(SecretStr(running[service.store_variable]), service.own_schema))


def _report(service: Service, done: list[str], otherwise: str) -> None:
    for line in done or [otherwise]:
        typer.echo(f"{service.name}: {line}")
