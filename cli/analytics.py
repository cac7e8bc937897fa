"""`python -m cli analytics`: the counts of the analytics service, straight in its database."""

import asyncio
import os

import typer
from pydantic import SecretStr
from rich.progress import Progress

from analytics.retention import Retention
from analytics.services.rebuild_counts import rebuild_counts
from chassis.mongodb import MongoDB
from cli.console import console
from cli.counts import retention_of
from cli.environment import use_running_stack

app = typer.Typer(no_args_is_help=True, help="The counts of the analytics service.")


@app.callback()
def analytics() -> None:
    """The counts of the analytics service."""


@app.command()
def rebuild() -> None:
    """Count all events anew, while the service goes on."""
    retention = retention_of(use_running_stack())
    parts = asyncio.run(_rebuild(SecretStr(os.environ["ANALYTICS_MONGODB_URL"]), retention))
    typer.echo(f"{parts} quarters of a day are counted anew.")


async def _rebuild(url: SecretStr, retention: Retention) -> int:
    store = MongoDB(url, "rebuild")
    await store.open()
    try:
        async with store.use() as database:
            with Progress(console=console, disable=not console.is_terminal) as bar:
                task = bar.add_task("counting", total=None)
                return await rebuild_counts(
                    database, retention, lambda done, all_: bar.update(task, completed=done, total=all_)
                )
    finally:
        await store.close()
