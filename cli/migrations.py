"""Alembic for the commands: what it did, and its errors as sentences."""

import asyncio
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from alembic.config import Config
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import Script, ScriptDirectory
from alembic.script.revision import MultipleHeads, ResolutionError, RevisionError
from alembic.util import CommandError as AlembicError
from asyncpg import PostgresError
from pydantic import SecretStr
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine

from chassis.postgres.dsn import connect, with_asyncpg
from cli.databases import reason
from cli.dev.files import ROOT
from cli.environment import owner_url
from cli.errors import CommandError
from cli.services import Service

_PATIENCE_S = 5
"""How long a database may take to answer."""
_LOCK_NOT_AVAILABLE = "55P03"

FAILURES = (ValueError, OSError, PostgresError, SQLAlchemyError)
"""What reading a database raises when its address is wrong, or it does not answer."""


@dataclass(frozen=True, slots=True)
class Migrating:
    """
    Alembic's configuration for a service.

    Attributes:
        before: The newest migrations of the database.
        steps: What was applied or undone so far: revision and message.
    """

    config: Config
    before: tuple[str, ...]
    steps: list[str] = field(default_factory=list)

    def on_version_apply(self, *, step: Any, **_: object) -> None:  # noqa: ANN401 - Alembic's MigrationInfo
        """Record a migration."""
        self.steps.append(_named(step.up_revision))

    def undone_by(self, target: str) -> list[str]:
        """Return the migrations that a downgrade to *target* undoes; none if Alembic refuses it."""
        with suppress(RevisionError):
            found = _script(self.config).iterate_revisions(self.before, target, select_for_downgrade=True)
            return [_named(one) for one in found]
        return []


@contextmanager
def migrating(service: Service) -> Iterator[Migrating]:
    """
    Yield Alembic's configuration for a service whose database answers, at a revision that is known here.

    Raises:
        CommandError: It does not, or Alembic or the database refuses what the block does.
    """
    if not service.store:
        raise CommandError(f"{service.name} has no database to migrate (its service.toml).")
    if service.store != "postgres":
        raise CommandError(
            f"{service.name} has MongoDB, and so no revisions. Declare indexes in {service.name}/models.py and write "
            f"migrations of data in {service.name}/migrations.py; `bin/cli db upgrade {service.name}` applies both."
        )
    try:
        found = revisions(owner_url(service), service.own_schema)
    except FAILURES as error:
        raise CommandError(
            f"{service.name}: its database ({service.owner_variable}) failed: {reason(error)}."
        ) from None
    if problem := unknown(service, found):
        raise CommandError(problem)
    work = Migrating(read_config(ROOT / service.name / "alembic.ini"), found)
    work.config.attributes["on_version_apply"] = work.on_version_apply
    try:
        yield work
    except AlembicError as error:
        raise CommandError(_refusal(service, error)) from None
    except DBAPIError as error:
        raise CommandError(_failure(service, error)) from None


def read_config(file: Path) -> Config:
    """Read an alembic.ini from any path: a "%" in the path must not be interpolated."""
    config = Config(file, cmd_opts=Namespace(quiet=True))
    config.file_config.set("DEFAULT", "here", str(file.parent).replace("%", "%%"))
    return config


def revisions(url: SecretStr, schema: str | None = None) -> tuple[str, ...]:
    """
    Return the newest migrations that were applied to a PostgreSQL database: one, or none if it is empty.

    Args:
        schema: The schema that was migrated, unless it is the one that PostgreSQL creates tables in.

    Raises:
        Exception: One of FAILURES.
    """

    def heads(connection: Connection) -> tuple[str, ...]:
        return MigrationContext.configure(connection, opts={"version_table_schema": schema}).get_current_heads()

    async def ask() -> tuple[str, ...]:
        settings = {"async_creator_fn": connect, "timeout": _PATIENCE_S}
        engine = create_async_engine(with_asyncpg(url).get_secret_value(), connect_args=settings)
        try:
            async with engine.connect() as connection:
                return await connection.run_sync(heads)
        finally:
            await engine.dispose()

    return asyncio.run(ask())


def unknown(service: Service, found: tuple[str, ...]) -> str:
    """Return what to do if a database has a revision that is not in this checkout; empty if all are."""
    script = _script(read_config(ROOT / service.name / "alembic.ini"))
    known = {one.revision for one in script.walk_revisions()}
    strange = ", ".join(revision for revision in found if revision not in known)
    if not strange:
        return ""
    name = service.name
    return f"""\
{name}: its database has migration {strange}, which this checkout does not have; another branch has probably applied it.
  To keep the data: switch to that branch (git log --all -S {strange} -- {name}/migrations), start `make run` there, and
  undo what only that branch has: bin/cli db downgrade {name}, once for each migration. Then switch back.
  To delete the data of {name}: stop the stack, then bin/cli reset {name}, which asks first."""


def _script(config: Config) -> ScriptDirectory:
    """Load the migrations."""
    script = ScriptDirectory.from_config(config)
    with Operations.context(MigrationContext.configure(dialect_name="postgresql")):  # migrations use `op` when loaded
        script.get_heads()
    return script


def _named(migration: Script) -> str:
    return f"{migration.revision} {migration.doc.rstrip('.')}"


def _refusal(service: Service, error: AlembicError) -> str:
    name, cause = service.name, error.__cause__
    if isinstance(cause, MultipleHeads):
        heads = " and ".join(cause.heads)
        return (
            f"{name}: two migrations are the newest, {heads}, as two branches were merged. "
            f'Join them: cd {name}; ../.venv/bin/alembic merge heads -m "…"'
        )
    if isinstance(cause, ResolutionError):
        return (
            f"{name} has no migration '{cause.argument}': its migrations are the files in {name}/migrations/versions."
        )
    if "didn't produce" in str(error):
        return f"{name}: there is nothing to undo, or fewer migrations than that."
    if "not up to date" in str(error):
        return f"{name}: its database lacks migrations. First: bin/cli db upgrade {name}"
    return f"{name}: {error}"


def _failure(service: Service, error: DBAPIError) -> str:
    if getattr(error.orig, "sqlstate", "") == _LOCK_NOT_AVAILABLE:
        return (
            f"{service.name}: nothing was changed, as another transaction has had a table locked for 2 s. Try again, "
            "or find it in pg_stat_activity (xact_start, query) and end it with pg_terminate_backend(pid)."
        )
    statement = (error.statement or "").strip().partition("\n")[0]
    return f"{service.name}: a migration failed, and nothing was changed: {reason(error)}. Statement: {statement}"
