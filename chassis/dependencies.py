"""
What any route can ask for: who is asking (``auth=PERSON``, ``CurrentUser``), and what calls other services.

Sessions are in the room of the database (``chassis.postgres.database.Session``), pages, ETags and keys in theirs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.security.utils import get_authorization_scheme_param

from chassis.application import application_of
from chassis.auth.tokens import Identity, InvalidToken
from chassis.core.errors import AppError, Forbidden
from chassis.dispatch.dispatcher import Dispatcher

TOKEN_SCHEME = "AccessToken"  # noqa: S105 - a name
"""What OpenAPI calls the scheme by which a person's token is sent."""


@dataclass(frozen=True, slots=True)
class Authentication:
    """
    What a route demands of whoever asks.

    Args:
        name: As the routes table and OpenAPI have it.
        check: The dependency that refuses others; the route runs it before every other.
        errors: What it refuses them with.
        by_token: A person's access token is what it demands.
    """

    name: str
    check: Callable[..., Any]
    errors: tuple[type[AppError], ...]
    by_token: bool = False


def token_of(request: Request) -> str:
    """Return the access token that came with a request; empty if none came."""
    scheme, token = get_authorization_scheme_param(request.headers.get("authorization"))
    return token if scheme.lower() == "bearer" else ""


async def _person(request: Request) -> Identity:
    token = token_of(request)
    if not token:
        raise InvalidToken
    identity = await application_of(request.app).tokens.verify(token)
    request.state.user = identity
    return identity


PERSON = Authentication("token", _person, (InvalidToken,), by_token=True)
"""A person with a valid access token; 401 without."""


def role(name: str, *above: str) -> Authentication:
    """Let only people of this role pass, and of those *above* it; 403 for others."""

    async def check(request: Request) -> None:
        refuse_without_role(await _person(request), name, *above)

    return Authentication(f"role {name}", check, (InvalidToken, Forbidden), by_token=True)


def refuse_without_role(person: Identity, role: str, *above: str) -> None:
    """
    Let people of a role pass, and of those *above* it.

    Raises:
        Forbidden: The person has none of them (403).
    """
    if person.roles.isdisjoint((role, *above)):
        raise Forbidden(f"This needs the role '{role}'.")


ADMIN = role("admin")
"""A person of role ``admin``; 401 or 403 for others."""
ANALYST = role("analyst", "admin")
"""A person of role ``analyst`` or ``admin``; 401 or 403 for others."""


async def _current_user(request: Request) -> Identity:
    identity: Identity = request.state.user
    return identity


CurrentUser = Annotated[Identity, Depends(_current_user)]
"""The person whom the route's ``auth`` has let in."""


async def _dispatcher(request: Request) -> Dispatcher:
    return application_of(request.app).dispatcher


Dispatch = Annotated[Dispatcher, Depends(_dispatcher)]
"""The service's dispatcher."""
