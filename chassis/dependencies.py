"""
Dependencies for any route: authentication (``auth=PERSON``, ``CurrentUser``) and the dispatcher.

Database sessions are in ``chassis.postgres.database``; pages, ETags and keys are in modules of their own.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.security.utils import get_authorization_scheme_param

from chassis.application import application_of
from chassis.auth.tokens import Identity, InvalidToken, TokenVerifier
from chassis.core.errors import AppError, Forbidden
from chassis.dispatch.dispatcher import Dispatcher

Schemes = Mapping[str, Mapping[str, Any]]
"""Security schemes of OpenAPI, by name."""

TOKEN_SCHEME = "AccessToken"  # noqa: S105 - a name
"""The name of the access token's security scheme in OpenAPI."""
_BY_TOKEN: Schemes = {
    TOKEN_SCHEME: {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "An access token, as a login at the user service returns it.",
    }
}


@dataclass(frozen=True, slots=True)
class Authentication:
    """
    The authentication that a route requires.

    Args:
        name: Its name in the routes table and in OpenAPI.
        needs: What a request needs, for people: "Needs …".
        check: The dependency that refuses other callers; the route runs it first.
        errors: The errors that it raises.
        schemes: The security schemes of OpenAPI by which it is given; any one of them is enough.
        or_sealed: A sealed request needs none of them.
        is_required: Without it, a request is refused. Otherwise it is anonymous.
    """

    name: str
    needs: str
    check: Callable[..., Any]
    errors: tuple[type[AppError], ...]
    schemes: Schemes
    or_sealed: bool = False
    is_required: bool = True


def token_of(request: Request) -> str:
    """Return the access token of a request; empty if there is none."""
    scheme, token = get_authorization_scheme_param(request.headers.get("authorization"))
    return token if scheme.lower() == "bearer" else ""


async def _person(request: Request) -> Identity:
    token = token_of(request)
    if not token:
        raise InvalidToken
    identity = await application_of(request.app).tokens.verify(token)
    request.state.user = identity
    return identity


PERSON = Authentication("token", "an access token", _person, (InvalidToken,), _BY_TOKEN)
"""A person with a valid access token; 401 without."""


async def _anyone(request: Request) -> None:
    request.state.user = None
    if "authorization" in request.headers:
        await _person(request)


ANYONE = Authentication(
    "optional token", "no login, but takes an access token", _anyone, (InvalidToken,), _BY_TOKEN, is_required=False
)
"""Anyone; a person with a valid access token is known (``Visitor``), and an invalid one is refused: 401."""


def role(name: str, *above: str) -> Authentication:
    """Require this role or one *above* it; 403 for others."""

    async def check(request: Request) -> None:
        refuse_without_role(await _person(request), name, *above)

    roles = " or ".join((name, *above))
    needs = f"an access token of a person with the role {roles}"
    return Authentication(f"role {name}", needs, check, (InvalidToken, Forbidden), _BY_TOKEN)


def refuse_without_role(person: Identity, role: str, *above: str) -> None:
    """
    Refuse a person who has neither *role* nor one *above* it.

    Raises:
        Forbidden: The person has none of these roles (403).
    """
    if person.roles.isdisjoint((role, *above)):
        raise Forbidden(f"This needs the role '{role}'.")


ADMIN = role("admin")
"""A person of role ``admin``; 401 or 403 for others."""
ANALYST = role("analyst", "admin")
"""A person of role ``analyst`` or ``admin``; 401 or 403 for others."""
EDITOR = role("editor", "admin")
"""A person of role ``editor`` or ``admin``; 401 or 403 for others."""


async def _current_user(request: Request) -> Identity | None:
    identity: Identity | None = request.state.user
    return identity


CurrentUser = Annotated[Identity, Depends(_current_user)]
"""The person whom the route's ``auth`` has authenticated."""
Visitor = Annotated[Identity | None, Depends(_current_user)]
"""The person whom ``auth=ANYONE`` has authenticated; None if the request is anonymous."""


async def _dispatcher(request: Request) -> Dispatcher:
    return application_of(request.app).dispatcher


Dispatch = Annotated[Dispatcher, Depends(_dispatcher)]
"""The service's dispatcher."""


async def _tokens(request: Request) -> TokenVerifier:
    return application_of(request.app).tokens


Tokens = Annotated[TokenVerifier, Depends(_tokens)]
"""Checks access tokens that a request carries elsewhere than in its ``Authorization`` header."""
