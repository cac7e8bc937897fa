"""
What any route can ask for, as dependencies that it declares: who is asking, and what calls other services.

Sessions are in the room of the database (``chassis.postgres.database.Session``), pages, ETags and keys in theirs.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request
from fastapi.dependencies.models import Dependant
from fastapi.security import OAuth2PasswordBearer

from chassis.application import application_of
from chassis.auth.tokens import Identity, InvalidToken
from chassis.core.errors import Forbidden
from chassis.dispatch.dispatcher import Dispatcher

_bearer = OAuth2PasswordBearer(tokenUrl="/api/v1/users/login", auto_error=False)
"""Where Swagger's Authorize button logs in."""


async def _current_user(request: Request, token: Annotated[str | None, Depends(_bearer)]) -> Identity:
    if not token:
        raise InvalidToken
    identity = await application_of(request.app).tokens.verify(token)
    request.state.user = identity
    return identity


_current_user.authentication = "token"  # type: ignore[attr-defined]

CurrentUser = Annotated[Identity, Depends(_current_user)]
"""A person with a valid access token; 401 without."""


def require_role(role: str, *above: str) -> Callable[..., Awaitable[Identity]]:
    """Make a dependency that lets only people of this role pass, and of those *above* it; 403 for others."""

    async def check(user: CurrentUser) -> Identity:
        if user.roles.isdisjoint((role, *above)):
            raise Forbidden(f"This needs the role '{role}'.")
        return user

    check.authentication = f"role {role}"  # type: ignore[attr-defined]
    return check


def authentication_of(dependant: Dependant) -> str:
    """Say what a route demands of a person: ``role admin``, ``token``, or ``-``."""
    for dependency in dependant.dependencies:
        own = getattr(dependency.call, "authentication", None)
        if demand := own or authentication_of(dependency).replace("-", ""):
            return str(demand)
    return "-"


Admin = Annotated[Identity, Depends(require_role("admin"))]
"""A person of role ``admin``; 401 or 403 for others."""
Analyst = Annotated[Identity, Depends(require_role("analyst", "admin"))]
"""A person of role ``analyst`` or ``admin``; 401 or 403 for others."""


async def _dispatcher(request: Request) -> Dispatcher:
    return application_of(request.app).dispatcher


_dispatcher.calls_services = True  # type: ignore[attr-defined]

Dispatch = Annotated[Dispatcher, Depends(_dispatcher)]
"""The service's dispatcher."""
