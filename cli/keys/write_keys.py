"""`bin/cli keys write`: the keys with which outside programs send events, in the database of analytics."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

import typer
from rich.table import Column, Table

from chassis.core.types import check_line
from cli.dev.console import console
from cli.environment import store_url, use_running_stack
from cli.errors import CommandError
from cli.services import find_service

if TYPE_CHECKING:
    from chassis.mongodb.database import MotorDatabase

T = TypeVar("T")

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Manage the keys with which outside programs send events."
)


@app.command()
def add(name: str) -> None:
    """Create a key for the program called NAME and print it, once."""
    from analytics.ingestion.add_write_key import add_write_key

    try:
        check_line(name)
    except ValueError as error:
        raise CommandError(f"The name {error}.") from None
    key = _in_analytics(lambda database: add_write_key(database, name))
    typer.echo(str(key))
    typer.echo(
        f"It works at once; nothing has to be deployed. It is not shown again. Give it to {name} alone. "
        f"To revoke it: bin/cli keys write revoke {key.id}",
        err=True,
    )


@app.command("list")
def list_keys() -> None:
    """List the ids and names of all keys, including revoked ones."""
    from analytics.ingestion.list_write_keys import list_write_keys

    table = Table(Column("Id", no_wrap=True), "Name", "Made", "Revoked")
    for key in _in_analytics(list_write_keys):
        revoked = f"{key['revoked_at']:%F %T}Z" if "revoked_at" in key else "-"
        table.add_row(key["_id"], key["name"], f"{key['created_at']:%F %T}Z", revoked)
    console.print(table)


@app.command()
def revoke(key_id: str = typer.Argument(metavar="ID")) -> None:
    """Revoke a key: it is refused from now on."""
    from analytics.ingestion.revoke_write_key import revoke_write_key

    _in_analytics(lambda database: revoke_write_key(database, key_id))
    typer.echo(f"{key_id} is revoked at once; nothing has to be deployed.")


def _in_analytics(work: "Callable[[MotorDatabase], Awaitable[T]]") -> T:
    """Run *work* in the database of analytics."""
    use_running_stack()
    return asyncio.run(_run(work))


async def _run(work: "Callable[[MotorDatabase], Awaitable[T]]") -> T:
    from cli.mongodb import analytics_database

    async with analytics_database(store_url(find_service("analytics")).get_secret_value()) as database:
        return await work(database)
