"""`bin/cli analytics`: write keys and counts, directly in the service's database."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import typer
from pydantic import SecretStr
from rich.progress import Progress
from rich.table import Column, Table

from analytics.counting.rebuild_counts import Rebuilt, rebuild_counts
from analytics.ingestion.add_write_key import add_write_key
from analytics.ingestion.list_write_keys import list_write_keys
from analytics.ingestion.revoke_write_key import revoke_write_key
from chassis.core.types import check_line
from chassis.mongodb.database import MongoDB, MotorDatabase
from cli.databases import opened
from cli.dev.console import console
from cli.environment import store_url, use_running_stack
from cli.errors import CommandError
from cli.services import find_service

T = TypeVar("T")

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Write keys and counts of the analytics service.")
keys = typer.Typer(no_args_is_help=True, help="Manage the write keys, with which outside programs send events.")
app.add_typer(keys, name="keys")


@app.command()
def rebuild() -> None:
    """Recount all events, while the service runs."""
    rebuilt = _in_database(_rebuild)
    typer.echo(f"{rebuilt.parts} quarters of a day were recounted.")
    if rebuilt.failed:
        minutes = ", ".join(f"{minute:%Y-%m-%d %H:%M}" for minute in rebuilt.failed)
        raise CommandError(f"Counting failed for these minutes; the service tries them again: {minutes}.")


@keys.command()
def add(name: str) -> None:
    """Create a key for the program called NAME and print it, once."""
    try:
        check_line(name)
    except ValueError as error:
        raise CommandError(f"The name {error}.") from None
    key = _in_database(lambda database: add_write_key(database, name))
    typer.echo(str(key))
    typer.echo(
        f"It works at once; nothing has to be deployed. It is not shown again. Give it to {name} alone. "
        f"To revoke it: bin/cli analytics keys revoke {key.id}",
        err=True,
    )


@keys.command("list")
def list_keys() -> None:
    """List the ids and names of all keys, including revoked ones."""
    table = Table(Column("Id", no_wrap=True), "Name", "Made", "Revoked")
    for key in _in_database(list_write_keys):
        revoked = f"{key['revoked_at']:%F %T}Z" if "revoked_at" in key else "-"
        table.add_row(key["_id"], key["name"], f"{key['created_at']:%F %T}Z", revoked)
    console.print(table)


@keys.command()
def revoke(key_id: str = typer.Argument(metavar="ID")) -> None:
    """Revoke a key: it is refused from now on."""
    _in_database(lambda database: revoke_write_key(database, key_id))
    typer.echo(f"{key_id} is revoked at once; nothing has to be deployed.")


@asynccontextmanager
async def analytics_database(url: str) -> AsyncIterator[MotorDatabase]:
    """
    Open the database at *url* for the block, in programs beside the service.

    Raises:
        DatabaseUnavailable: It does not answer.
    """
    async with opened(MongoDB(SecretStr(url), "cli")) as store, store.use() as database:
        yield database


async def make_write_key(url: str, name: str) -> str:
    """Create a key with which the program called *name* may send events."""
    async with analytics_database(url) as database:
        return str(await add_write_key(database, name))


async def _rebuild(database: MotorDatabase) -> Rebuilt:
    with Progress(console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("counting", total=None)
        return await rebuild_counts(database, lambda done, all_: bar.update(task, completed=done, total=all_))


def _in_database(work: Callable[[MotorDatabase], Awaitable[T]]) -> T:
    """Run *work* in the database of the service."""
    analytics = find_service("analytics")
    use_running_stack([analytics])
    return asyncio.run(_run(store_url(analytics).get_secret_value(), work))


async def _run(url: str, work: Callable[[MotorDatabase], Awaitable[T]]) -> T:
    async with analytics_database(url) as database:
        return await work(database)
