"""`bin/cli restore`: replaces the contents of the databases by a backup."""

import asyncio
from collections.abc import Collection, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Annotated

import typer
from pydantic import SecretStr
from sqlalchemy import text

from chassis.postgres.database import Postgres
from cli.backup.mongodb import empty_mongodb, restore_mongodb
from cli.backup.postgres import restore_postgres
from cli.confirming import confirm
from cli.databases import opened
from cli.db import upgrade
from cli.environment import owner_url, quiet_databases
from cli.errors import CommandError
from cli.services import STORED, Service, find_service

_US = "restore"
_OTHERS = text(f"""
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name <> '{_US}' AND backend_type = 'client backend'
""")  # noqa: S608 - our own name
_DROP_SCHEMAS = text(r"""
    DO $$ BEGIN EXECUTE (
        SELECT concat('DROP SCHEMA IF EXISTS public', string_agg(format(', %I', nspname), ''), ' CASCADE')
        FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'public')
    ); END $$
""")
_CREATE_SCHEMA = text("CREATE SCHEMA public")


def restore(
    folder: Path,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    empty: Annotated[
        list[str] | None, typer.Option(help="A service that the backup lacks: its database will be empty.")
    ] = None,
) -> None:
    """
    Replace the contents of the databases by the backup in FOLDER, and migrate it to the newest schema.

    No service may run. In development it starts the databases for as long as it takes.

    Raises:
        CommandError: It is not a backup, lacks a service, or was not confirmed, or a service is running.
    """
    emptied = {find_service(name).name for name in empty or ()}
    _check_copies(folder, emptied)
    with quiet_databases() as environment:
        options = "".join(f" --empty {name}" for name in sorted(emptied))
        confirm(_what_is_lost(emptied), f"bin/cli restore {folder}{options} --yes", yes=yes)
        put_back(environment, folder)
        upgrade(None)


def put_back(environment: Mapping[str, str], folder: Path) -> None:
    """Empty the databases, and fill those of which there is a copy."""
    urls = {service.name: owner_url(service, environment) for service in STORED}
    asyncio.run(_empty({one.name: urls[one.name] for one in STORED if one.store == "postgres"}))
    for service in STORED:
        url, source = urls[service.name], folder / _file(service)
        if service.store == "mongodb":
            empty_mongodb(url)
            restore_mongodb(url, source)
        elif source.exists():
            restore_postgres(url, source)


def _check_copies(folder: Path, emptied: Collection[str]) -> None:
    """
    Check that a backup has a copy of each service, except for those whose database is to be *emptied*.

    Raises:
        CommandError: It has not, or it has one of those.
    """
    copied = {service.name for service in STORED if (folder / _file(service)).exists()}
    if not copied:
        raise CommandError(f"{folder} is not a backup: it has none of {', '.join(map(_file, STORED))}.")
    if present := copied & set(emptied):
        raise CommandError(f"{folder} has a copy of {', '.join(sorted(present))}: leave --empty out.")
    lacking = [service.name for service in STORED if service.name not in {*copied, *emptied}]
    if lacking:
        options = " ".join(f"--empty {name}" for name in lacking)
        raise CommandError(
            f"{folder} has no copy of {', '.join(lacking)}. If it was created after the backup, and its database is "
            f"to be empty, add: {options}"
        )


def _what_is_lost(emptied: Collection[str]) -> str:
    names = ", ".join(service.name for service in STORED)
    after = f" Without a copy, and empty afterwards: {', '.join(sorted(emptied))}." if emptied else ""
    return f"The contents of these databases will be lost: {names}.{after}"


def _file(service: Service) -> str:
    """Return the path of a service's copy within a backup."""
    return f"{service.name}.dump" if service.store == "postgres" else service.name


async def _empty(urls: Mapping[str, SecretStr]) -> None:
    """Drop everything, unless a client is connected: it would write into the data being restored."""
    async with AsyncExitStack() as stack:
        databases = {name: await stack.enter_async_context(opened(Postgres(url, _US))) for name, url in urls.items()}
        for name, database in databases.items():
            async with database.transaction() as session:
                if others := (await session.execute(_OTHERS)).scalar_one():
                    raise CommandError(
                        f"The {name} database is in use (connections: {others}): stop the services first."
                    )
        for database in databases.values():
            async with database.transaction() as session:
                for statement in (_DROP_SCHEMAS, _CREATE_SCHEMA):
                    await session.execute(statement)
