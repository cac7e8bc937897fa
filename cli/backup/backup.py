"""
`bin/cli backup`: copies the databases as of one moment, while the services run.

Every event is then either at its consumer or in an outbox. Copies of several moments would break that: a consumer would
lack an event that its publisher has deleted, or have one that its publisher never stored. So writers wait until each
database has marked the moment, which is short; reading takes longer and blocks no one.
"""

import asyncio
import random
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from time import monotonic

import typer
from pymongo.errors import PyMongoError
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.core.errors import DatabaseUnavailable
from chassis.postgres.database import Postgres
from cli.backup.mongodb import dump_mongodb, looking_at_mongodb
from cli.backup.postgres import dump_postgres
from cli.databases import opened
from cli.environment import owner_url, use_running_stack
from cli.errors import CommandError
from cli.services import STORED

PATIENCE_S = 30.0
"""How long the command tries to find a moment without writers, seconds."""

_GIVE_WAY = text("SET LOCAL lock_timeout = '500ms'")  # less than deadlock_timeout, so that this command gives way
_STOP_WRITERS = text("""
    DO $$ BEGIN EXECUTE (
        SELECT format('LOCK TABLE %s IN SHARE MODE', string_agg(format('%I.%I', schemaname, tablename), ', '))
        FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')
    ); END $$
""")
_LOOK_LONG = (
    text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"),
    text("SET LOCAL idle_in_transaction_session_timeout = 0"),
)
_MARK = text("SELECT pg_export_snapshot()")

Databases = Mapping[str, Postgres]
"""Databases by the name of the service."""


def backup(folder: Path) -> None:
    """
    Copy the databases into a new FOLDER that only its owner can read.

    Raises:
        CommandError: The folder exists, a database does not answer or is never without writers, or pg_dump fails.
    """
    if folder.exists():
        raise CommandError(f"{folder} exists already: name a new folder.")
    draft = folder.with_name(f"{folder.name}.part")  # a folder with the final name is complete
    shutil.rmtree(draft, ignore_errors=True)  # left by a killed command
    draft.mkdir(mode=0o700, parents=True)
    try:
        paused_s = asyncio.run(copy(use_running_stack(STORED), draft))
        draft.rename(folder)
    except (DatabaseUnavailable, PyMongoError) as error:
        raise CommandError(f"A database does not answer, or its writers do not pause: {error}") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    typer.echo(f"{folder}: {', '.join(service.name for service in STORED)}; writers waited {1000 * paused_s:.0f} ms.")


async def copy(environment: Mapping[str, str], folder: Path) -> float:
    """
    Write the copies; returns how long writers had to wait, seconds.

    Raises:
        DatabaseUnavailable: A PostgreSQL does not answer, or its writers do not pause.
        PyMongoError: MongoDB does not answer.
        CommandError: pg_dump failed.
    """
    urls = {service.name: owner_url(service, environment) for service in STORED}
    async with AsyncExitStack() as stack:
        databases = {one.name: Postgres(urls[one.name], "backup") for one in STORED if one.store == "postgres"}
        for database in databases.values():
            await stack.enter_async_context(opened(database))
        # All are connected before any writer has to wait.
        views = {name: await stack.enter_async_context(_looking(one)) for name, one in databases.items()}
        others = {name: stack.enter_context(looking_at_mongodb(urls[name])) for name in urls.keys() - databases.keys()}
        locks, since = await _stop_writers(databases)
        async with locks:
            snapshots = {name: str(await session.scalar(_MARK)) for name, session in views.items()}
            for view in others.values():
                view.mark()
        paused_s = monotonic() - since
        for name, snapshot in snapshots.items():
            dump_postgres(urls[name], snapshot, folder / f"{name}.dump")
        for name, view in others.items():
            dump_mongodb(view, folder / name)
    return paused_s


@asynccontextmanager
async def _looking(database: Postgres) -> AsyncIterator[AsyncSession]:
    """Yield a transaction that sees the data as of its first SELECT."""
    async with database.transaction() as session:
        for statement in _LOOK_LONG:
            await session.execute(statement)
        yield session


async def _stop_writers(databases: Databases) -> tuple[AsyncExitStack, float]:
    """Lock all databases against writing until the returned stack is closed; also returns the start of the lock."""
    ends = monotonic() + PATIENCE_S
    while True:
        try:
            return await _lock_all(databases)
        except DatabaseUnavailable:
            if monotonic() > ends:
                raise
            await asyncio.sleep(random.random())  # noqa: S311 - no secret


async def _lock_all(databases: Databases) -> tuple[AsyncExitStack, float]:
    async with AsyncExitStack() as stack:
        sessions = [await stack.enter_async_context(one.transaction()) for one in databases.values()]
        for session in sessions:
            await session.execute(_GIVE_WAY)
        since = monotonic()
        for session in sessions:
            await session.execute(_STOP_WRITERS)
        return stack.pop_all(), since
