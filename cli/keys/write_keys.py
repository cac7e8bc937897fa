"""`python -m cli keys write`: the keys with which programs outside send events, straight in analytics' database."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import TypeVar

import typer
from pydantic import SecretStr
from rich.table import Column, Table

from analytics.ingestion.add_write_key import add_write_key
from analytics.ingestion.list_write_keys import list_write_keys
from analytics.ingestion.revoke_write_key import revoke_write_key
from chassis.core.errors import AppError
from chassis.core.visible_text import check_line
from chassis.mongodb.database import MongoDB, MotorDatabase
from cli.dev.console import console
from cli.environment import use_running_stack
from cli.errors import CommandError

T = TypeVar("T")

app = typer.Typer(no_args_is_help=True, help="Manage the keys with which programs outside send events.")


@app.command()
def add(name: str) -> None:
    """Make a key for the program called NAME, and show it, once."""
    try:
        check_line(name)
    except ValueError as error:
        raise CommandError(f"The name {error}.") from None
    key = _within(lambda database: add_write_key(database, name))
    typer.echo(str(key))
    typer.echo(f"It is shown this once. Revoke it with: python -m cli keys write revoke {key.id}", err=True)


@app.command("list")
def list_keys() -> None:
    """List every key there ever was; never the key itself."""
    table = Table(Column("Id", no_wrap=True), "Name", "Made", "Revoked")
    for key in _within(list_write_keys):
        revoked = f"{key['revoked_at']:%F %T}Z" if "revoked_at" in key else "-"
        table.add_row(key["_id"], key["name"], f"{key['created_at']:%F %T}Z", revoked)
    console.print(table)


@app.command()
def revoke(key_id: str = typer.Argument(metavar="ID")) -> None:
    """Revoke a key: it is refused from now on."""
    _within(lambda database: revoke_write_key(database, key_id))
    typer.echo(f"{key_id} is revoked.")


def _within(work: Callable[[MotorDatabase], Awaitable[T]]) -> T:
    """
    Do something in the database of analytics.

    Raises:
        CommandError: It cannot be done, or the database does not answer.
    """
    use_running_stack()
    return asyncio.run(_do(work))


async def _do(work: Callable[[MotorDatabase], Awaitable[T]]) -> T:
    store = MongoDB(SecretStr(os.environ["ANALYTICS_MONGODB_URL"]), "cli")
    await store.open()
    try:
        async with store.use() as database:
            return await work(database)
    except AppError as error:
        raise CommandError(error.message) from error
    finally:
        await store.close()
