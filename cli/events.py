"""`bin/cli events`: published events, their consumers, and dead letters."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Annotated, Any, TypeVar
from uuid import UUID

import typer
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncSession
from typer.core import TyperGroup

from chassis.messaging.dead_letters import list_dead, replay
from chassis.messaging.event import Event, publisher_of
from chassis.postgres.database import Postgres
from cli.databases import opened, reason
from cli.environment import store_url, use_running_stack
from cli.errors import CommandError
from cli.services import SERVICES, Service
from cli.table import AsJson, Words, print_table

T = TypeVar("T")


class _ListByDefault(TyperGroup):
    """Runs `list` unless another command is named: `bin/cli events order` is `bin/cli events list order`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - Typer does not export its Context
        """Name the command if *args* do not."""
        named = args and (args[0] in self.commands or args[0] == "--help")
        return super().parse_args(ctx, args if named else ["list", *args])


app = typer.Typer(
    cls=_ListByDefault, add_completion=False, help="List events with their consumers; list and replay dead letters."
)


@app.command("list")
def events(words: Words = None, *, as_json: AsJson = False) -> None:
    """Print every event with its publisher and its consumers (without a command, this one runs)."""
    rows = [
        {
            "type": event.type,
            "publisher": publisher_of(event.type),
            "consumers": list(event.consumers),
            "data_schema": event.dataschema(),
        }
        for event in published_events()
    ]
    print_table(rows, words, as_json=as_json, head=1, services=["publisher", "consumers"])


@app.command()
def dead(
    service: Annotated[str | None, typer.Argument(help="Only of this service.")] = None, *, as_json: AsJson = False
) -> None:
    """List the dead letters: events that a consumer has refused for good."""
    chosen = publishers(service)
    use_running_stack(chosen)
    rows = [
        {
            "service": one.name,
            "event": str(letter.event_id),
            "type": json.loads(letter.message)["type"],
            "consumer": letter.listener,
            "refused_for_good": f"{letter.dead_at:%F %T}Z",
            "reason": letter.reason,
        }
        for one in chosen
        for letter in asyncio.run(_in_database_of(one, list_dead))
    ]
    print_table(rows, None, as_json=as_json, head=3)
    if not rows and not as_json:
        typer.echo("There are no dead letters.")


@app.command("replay")
def put_back(
    service: str,
    event_id: Annotated[UUID | None, typer.Argument(metavar="[ID]", help="One event; default: all.")] = None,
) -> None:
    """Deliver the dead letters of SERVICE (or one of them) again."""
    (one,) = publishers(service)
    use_running_stack([one])
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


def publishers(name: str | None = None) -> list[Service]:
    """
    Return the services that publish events, or the named one.

    Raises:
        CommandError: No such service publishes events.
    """
    every = [service for service in SERVICES if published_by(service.name)]
    found = [service for service in every if name in {None, service.name}]
    if name and not found:
        names = ", ".join(service.name for service in every)
        raise CommandError(f"There is no service '{name}' that publishes events. Use one of {names}.")
    return found


async def _in_database_of(service: Service, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
    """
    Do *work* in a transaction of a service's database.

    Raises:
        CommandError: The address is wrong, or the database lacks the tables.
    """
    try:
        async with opened(Postgres(store_url(service), "cli")) as database, database.transaction() as session:
            return await work(session)
    except ValueError as error:
        raise CommandError(f"{service.store_variable}: {error}.") from None
    except ProgrammingError as error:
        advice = f"If its database was never migrated: bin/cli db upgrade {service.name}"
        raise CommandError(f"{service.name}: {reason(error)}. {advice}") from None
