"""
What a route is, in one place: access, authentication, idempotency.

Made once from the arguments of the route; the receiver, OpenAPI, `python -m cli routes` and the tests read it.
"""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Self, get_args

from chassis.core.errors import AppError, BadGateway
from chassis.dependencies import Authentication, CurrentUser, Dispatch
from chassis.dispatch.retry import SAFE_METHODS
from chassis.idempotency.kinds import HEADER, REPEATABLE, UNREPEATABLE, Idempotency
from chassis.sealing.access import Access
from chassis.sealing.replay import ClaimsRequest

_ACCESS = "access=service(...), encrypted(), optional() or public()"
_IDEMPOTENCY = "idempotency=KEYED, REPEATABLE or UNREPEATABLE"
_TAKEN = "Taken, and not needed: the request may be sent again, with the same key, another or none."


class IncompleteRoute(Exception):
    """A route does not say what it is; the service must not start. The message names the endpoint and what to write."""

    def __init__(self, endpoint: Callable[..., Any], missing: str) -> None:
        super().__init__(f"{endpoint.__module__}.{endpoint.__qualname__}: say {missing} at the route")


@dataclass(frozen=True, slots=True)
class RoutePolicy:
    """
    What a route is.

    Args:
        access: In what form, from whom and how large a request may arrive.
        auth: What is demanded of whoever asks; None: nothing.
        idempotency: What a request that comes again does.
        key_reader: The dependency that reads the key of a keyed route.
        claims: The route's own transaction claims a sealed request; otherwise the receiver does, in one of its own.
        calls: It calls other services.
    """

    access: Access
    auth: Authentication | None = None
    idempotency: Idempotency = REPEATABLE
    key_reader: Callable[..., Any] | None = None
    claims: bool = False
    calls: bool = False

    @classmethod
    def declared(
        cls,
        method: str,
        endpoint: Callable[..., Any],
        *,
        access: Access | None = None,
        auth: Authentication | None = None,
        idempotency: Idempotency | None = None,
        **limits: Any,  # noqa: ANN401 - fields of the access
    ) -> Self:
        """
        Make the policy of a route from its arguments; *limits* are ``max_body`` and ``gzip``.

        Raises:
            IncompleteRoute: They do not say what must be said, or the endpoint needs what they do not say.
        """
        if access is None:
            raise IncompleteRoute(endpoint, _ACCESS)
        if idempotency is None and method not in SAFE_METHODS:
            raise IncompleteRoute(endpoint, _IDEMPOTENCY)
        kind = idempotency or REPEATABLE
        parameters = [one.annotation for one in inspect.signature(endpoint).parameters.values()]
        if auth is None and CurrentUser in parameters:
            raise IncompleteRoute(endpoint, "auth=PERSON, or another that names a person,")
        reader = next((reader for parameter, reader in kind.readers if parameter in parameters), None)
        if kind.readers and reader is None:
            raise IncompleteRoute(endpoint, "'session: Session' or 'key: Key' in the parameters of what is KEYED")
        claims = any(ClaimsRequest in get_args(one) for one in parameters)
        return cls(replace(access, **limits), auth, kind, reader, claims, calls=Dispatch in parameters)

    @property
    def authentication(self) -> str:
        """What is demanded of whoever asks, as the routes table prints it: ``role admin``, ``token``, or ``-``."""
        return self.auth.name if self.auth else "-"

    @property
    def refuses_key(self) -> bool:
        """Whether a request with an Idempotency-Key is refused: it would promise what the route does not keep."""
        return self.idempotency is UNREPEATABLE

    def errors(self) -> Iterator[type[AppError]]:
        """Iterate over the errors that the route has by being what it is, beside those of sealing."""
        yield from self.auth.errors if self.auth else ()
        yield from self.idempotency.errors
        if self.calls:
            yield BadGateway

    def openapi(self, method: str) -> dict[str, Any]:
        """Describe it for OpenAPI: ``x-access`` for programs; and the header, if it is taken and read by nobody."""
        access = {
            "mode": self.access.mode.value,
            "callers": sorted(self.access.callers),
            "authentication": self.authentication,
            "idempotency": self.idempotency.name,
        }
        if self.idempotency is not REPEATABLE or method in SAFE_METHODS:
            return {"x-access": access}
        header = {"name": HEADER, "in": "header", "required": False, "schema": {"type": "string"}}
        return {"x-access": access, "parameters": [{**header, "description": _TAKEN}]}

    def __str__(self) -> str:
        """Describe it for people, in a sentence."""
        callers = "" if self.access.who == "-" else f" ({self.access.who})"
        return (
            f"Access: {self.access.mode}{callers}; authentication: {self.authentication}; "
            f"repetition: {self.idempotency.name}."
        )
