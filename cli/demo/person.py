"""A person of the demo, whose requests are printed with their times."""

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any

import typer

from chassis.dispatch.dispatcher import Dispatcher
from chassis.dispatch.errors import RemoteError
from cli.demo.accounts import PERSON, Login
from cli.services import FRONT


@dataclass(frozen=True, slots=True)
class Person:
    """Makes requests for a person, through the front if there is one, and prints each with its time."""

    dispatcher: Dispatcher
    token: str | None = None

    async def do(
        self,
        what: str,
        service: str,
        request: str,
        json: object = None,
        *,
        key: str | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Any:  # noqa: ANN401 - JSON
        """Make a plain request (method and path) with the person's token; returns the JSON of its answer."""
        method, path = request.split()
        service = FRONT.name if FRONT else service
        options: dict[str, Any] = {"json": json, "idempotency_key": key, "query": query, "bearer": self.token}
        options["sealed"] = False
        return (await timed(what, service, request, self.dispatcher.send(service, method, path, **options))).json()


async def log_in(dispatcher: Dispatcher, login: Login) -> Person:
    """Log in."""
    credentials = {"username": login.name, "password": login.password}
    answer = await Person(dispatcher).do(f"log in ({login.name})", "user", "POST /api/v1/users/login", credentials)
    return Person(dispatcher, answer["access_token"])


async def register(dispatcher: Dispatcher, name: str) -> tuple[Login, str]:
    """Register a person with the demo person's password; returns the login and the person's id."""
    login = Login(name, PERSON.password)
    account = {"username": name, "email": f"{name}@example.org", "password": login.password}
    answer = await Person(dispatcher).do("register", "user", "POST /api/v1/users/register", account)
    return login, str(answer["id"])


async def timed(what: str, service: str, request: str, answer: Awaitable[Any]) -> Any:  # noqa: ANN401 - JSON
    """Wait for an answer, and print how long it took, or that it was refused."""
    begun, refused = monotonic(), ""
    try:
        return await answer
    except RemoteError as error:
        refused = f" -> {error.remote_status} {error.remote_code}"
        raise
    finally:
        typer.echo(f"{(monotonic() - begun) * 1000:7.1f} ms  {what:<24} {service}: {request}{refused}")


def note(text: str) -> None:
    """Print a line that belongs to the call above it."""
    typer.echo(f"{'':12}{text}")
