"""`bin/cli restore`: replaces the contents of the four databases by a backup."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Annotated

import typer
from pydantic import SecretStr
from sqlalchemy import text

from chassis.postgres.database import Postgres
from cli.backup.mongodb import empty_mongodb, restore_mongodb
from cli.backup.postgres import restore_postgres
from cli.databases import opened
from cli.db import upgrade
from cli.environment import store_url, use_running_stack
from cli.errors import CommandError
from cli.services import MIGRATED

_US = "restore"
_OTHERS = text(f"""
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name <> '{_US}' AND backend_type = 'client backend'
""")  # noqa: S608 - our own name


def restore(folder: Path, *, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> None:
    """
    Replace the contents of the databases by the backup in FOLDER, and migrate it to the newest schema.

    Raises:
        CommandError: It is not a backup, a service is running, or pg_restore fails.
    """
    if not all((folder / file).exists() for file in _files().values()):
        raise CommandError(f"{folder} is not a backup: it must contain {', '.join(_files().values())}.")
    if not yes:
        typer.confirm("The contents of the four databases will be lost. Restore?", abort=True)
    put_back(use_running_stack(MIGRATED), folder)
    upgrade(None)


def put_back(environment: Mapping[str, str], folder: Path) -> None:
    """Empty the databases and fill them."""
    urls = {service.name: store_url(service, environment) for service in MIGRATED}
    postgres = [service.name for service in MIGRATED if service.store == "postgres"]
    asyncio.run(_empty({name: urls[name] for name in postgres}))
    for service in MIGRATED:
        source = folder / _files()[service.name]
        if service.store == "postgres":
            restore_postgres(urls[service.name], source)
        else:
            empty_mongodb(urls[service.name])
            restore_mongodb(urls[service.name], source)


def _files() -> dict[str, str]:
    """Return the path of each service's copy within a backup."""
    return {one.name: f"{one.name}.dump" if one.store == "postgres" else one.name for one in MIGRATED}


async def _empty(urls: Mapping[str, SecretStr]) -> None:
    """Drop everything, unless a client is connected: it would write into the data being restored."""
    async with AsyncExitStack() as stack:
        databases = {name: await stack.enter_async_context(opened(Postgres(url, _US))) for name, url in urls.items()}
        for name, database in databases.items():
            async with database.transaction() as session:
                if others := (await session.execute(_OTHERS)).scalar_one():
                    raise CommandError(f"The {name} database has {others} connections: stop the services first.")
        for database in databases.values():
            async with database.transaction() as session:
                for statement in ("DROP SCHEMA IF EXISTS public CASCADE", "CREATE SCHEMA public"):
                    await session.execute(text(statement))
