"""`bin/cli analytics`: the counts of the analytics service, directly in its database."""

import asyncio

import typer
from pydantic import SecretStr
from rich.progress import Progress

from analytics.counting.rebuild_counts import Rebuilt, rebuild_counts
from chassis.mongodb.database import MongoDB
from cli.databases import opened
from cli.dev.console import console
from cli.environment import store_url, use_running_stack
from cli.errors import CommandError
from cli.services import find_service

app = typer.Typer(no_args_is_help=True, add_completion=False, help="The counts of the analytics service.")


@app.callback()
def analytics() -> None:
    """The counts of the analytics service."""


@app.command()
def rebuild() -> None:
    """Recount all events, while the service runs."""
    use_running_stack()
    rebuilt = asyncio.run(_rebuild(store_url(find_service("analytics"))))
    typer.echo(f"{rebuilt.parts} quarters of a day were recounted.")
    if rebuilt.failed:
        minutes = ", ".join(f"{minute:%Y-%m-%d %H:%M}" for minute in rebuilt.failed)
        raise CommandError(f"Counting failed for these minutes; the service tries them again: {minutes}.")


async def _rebuild(url: SecretStr) -> Rebuilt:
    async with opened(MongoDB(url, "rebuild")) as store, store.use() as database:
        with Progress(console=console, disable=not console.is_terminal) as bar:
            task = bar.add_task("counting", total=None)
            return await rebuild_counts(database, lambda done, all_: bar.update(task, completed=done, total=all_))
