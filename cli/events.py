"""`bin/cli events`: published events, their consumers, and dead letters."""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Annotated, TypeVar
from uuid import UUID

import typer
from pydantic import SecretStr
from rich.table import Column, Table
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.messaging.dead_letters import list_dead, replay
from chassis.messaging.event import Event, publisher_of
from chassis.postgres.database import Postgres
from cli.databases import opened
from cli.dev.console import console
from cli.environment import use_running_stack
from cli.errors import CommandError
from cli.services import SERVICES, Service

T = TypeVar("T")

app = typer.Typer(add_completion=False, help="List events with their consumers; list and replay dead letters.")


@app.callback(invoke_without_command=True)
def events(context: typer.Context) -> None:
    """Print every event with its publisher and its consumers."""
    if context.invoked_subcommand:
        return
    table = Table("Type", "Publisher", "Consumers", "Data schema")
    for event in published_events():
        table.add_row(event.type, publisher_of(event.type), ", ".join(event.consumers), event.dataschema())
    console.print(table)


@app.command()
def dead(service: Annotated[str | None, typer.Argument(help="Only of this service.")] = None) -> None:
    """List the dead letters: events that a consumer has refused for good."""
    use_running_stack()
    table = Table("Service", Column("Event", no_wrap=True), "Type", "Consumer", "Refused for good", "Reason")
    for one in _with_outbox(service):
        for letter in asyncio.run(_in_database_of(one, list_dead)):
            about = str(letter.event_id), json.loads(letter.message)["type"], letter.listener
            table.add_row(one.name, *about, f"{letter.dead_at:%F %T}Z", letter.reason)
    console.print(table)


@app.command("replay")
def put_back(
    service: str,
    event_id: Annotated[UUID | None, typer.Argument(metavar="[ID]", help="One event; default: all.")] = None,
) -> None:
    """Deliver the dead letters of SERVICE (or one of them) again."""
    (one,) = _with_outbox(service)
    use_running_stack()
    count = asyncio.run(_in_database_of(one, lambda session: replay(session, event_id)))
    typer.echo(f"{service}: {count} will be delivered again")


def published_events() -> list[type[Event]]:
    """Return the events of all services, as each declares them in its ``events.py``."""
    return [event for service in SERVICES for event in published_by(service.name)]


def published_by(service: str) -> Sequence[type[Event]]:
    """Return the events of a service; () if it has no ``events.py``."""
    module = f"{service}.events"
    events: Sequence[type[Event]] = import_module(module).EVENTS if find_spec(module) else ()
    return events


def _with_outbox(name: str | None) -> list[Service]:
    """
    Return the services with an outbox, or the named one.

    Raises:
        CommandError: No such service has an outbox.
    """
    found = [service for service in SERVICES if service.store == "postgres" and name in {None, service.name}]
    if not found:
        raise CommandError(f"There is no service '{name}' that publishes events.")
    return found


async def _in_database_of(service: Service, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
    url = SecretStr(os.environ[service.store_variable])
    async with opened(Postgres(url, "cli")) as database, database.transaction() as session:
        return await work(session)
