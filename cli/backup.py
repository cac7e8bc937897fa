"""
`python -m cli backup`: the four databases as they were at one moment, while the services go on.

What one service has told another is in both, or in an outbox. Copies of several moments would break that: a listener
would lack what its announcer has forgotten, or know what never was. So writers are made to wait until each database has
marked the moment, which takes milliseconds; to read it takes as long as it takes, and holds up nobody.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from time import monotonic

import typer
from pydantic import SecretStr
from sqlalchemy import text

from chassis.postgres import Postgres
from chassis.store import DatabaseUnavailable
from cli.environment import use_running_stack
from cli.errors import CommandError
from cli.mongodb_dumps import Moment, dump_mongodb, mark_mongodb
from cli.postgres_dumps import dump_postgres
from cli.services import SERVICES

PATIENCE_S = 30.0
"""For how long a moment without a writer is sought."""

_WAIT_FOR_WRITERS = text("SET LOCAL lock_timeout = '500ms'")  # less than deadlock_timeout: the one to give up is ours
_STOP_WRITERS = text("""
    DO $$ BEGIN EXECUTE (
        SELECT format('LOCK TABLE %s IN SHARE MODE', string_agg(format('%I', tablename), ', '))
        FROM pg_tables WHERE schemaname = 'public'
    ); END $$
""")
_MARK = (
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
    "SET LOCAL idle_in_transaction_session_timeout = 0",
)

Databases = Mapping[str, Postgres]
"""By the name of the service."""


def backup(folder: Path) -> None:
    """
    Copy the databases into a new FOLDER, for its owner's eyes only.

    Raises:
        CommandError: The folder is there, a database does not answer or does not come to rest, or pg_dump fails.
    """
    if folder.exists():
        raise CommandError(f"{folder} is there already; a backup gets a folder of its own.")
    draft = folder.with_name(f"{folder.name}.part")  # what has the right name is whole
    draft.mkdir(mode=0o700, parents=True)
    paused_s = asyncio.run(copy(use_running_stack(), draft))
    draft.rename(folder)
    typer.echo(f"{folder}: {', '.join(service.name for service in SERVICES)}; writers waited {1000 * paused_s:.0f} ms.")


async def copy(environment: Mapping[str, str], folder: Path) -> float:
    """
    Write the copies; returns for how many seconds writers had to wait.

    Raises:
        CommandError: As `backup`.
    """
    urls = {service.name: SecretStr(environment[service.store_variable]) for service in SERVICES}
    async with AsyncExitStack() as stack:
        databases = {one.name: Postgres(urls[one.name], "backup") for one in SERVICES if one.store == "postgres"}
        for database in databases.values():
            await database.open()
            stack.push_async_callback(database.close)
        snapshots, moments, paused_s = await _mark(stack, databases, urls)
        for name, snapshot in snapshots.items():
            dump_postgres(urls[name], snapshot, folder / f"{name}.dump")
        for name, moment in moments.items():
            dump_mongodb(moment, folder / name)
    return paused_s


async def _mark(
    stack: AsyncExitStack, databases: Databases, urls: Mapping[str, SecretStr]
) -> tuple[dict[str, str], dict[str, Moment], float]:
    """Mark the moment in all databases while no PostgreSQL takes a write; the marks last as long as *stack*."""
    ends = monotonic() + PATIENCE_S
    while True:
        since = monotonic()
        try:
            async with _at_rest(databases):
                snapshots = {name: await stack.enter_async_context(_marked(one)) for name, one in databases.items()}
                moments = {
                    service.name: stack.enter_context(mark_mongodb(urls[service.name]))
                    for service in SERVICES
                    if service.store == "mongodb"
                }
            return snapshots, moments, monotonic() - since
        except DatabaseUnavailable as error:
            if monotonic() > ends:
                raise CommandError("The databases do not answer, or do not come to rest; try again.") from error
            await asyncio.sleep(random.random())  # noqa: S311 - no secret


@asynccontextmanager
async def _at_rest(databases: Databases) -> AsyncIterator[None]:
    """Let no PostgreSQL take a write during the block."""
    async with AsyncExitStack() as stack:
        for database in databases.values():
            session = await stack.enter_async_context(database.transaction())
            await session.execute(_WAIT_FOR_WRITERS)
            await session.execute(_STOP_WRITERS)
        yield


@asynccontextmanager
async def _marked(database: Postgres) -> AsyncIterator[str]:
    """Keep what can be seen now, for whoever knows the name of the snapshot."""
    async with database.transaction() as session:
        for statement in _MARK:
            await session.execute(text(statement))
        yield (await session.scalars(text("SELECT pg_export_snapshot()"))).one()
