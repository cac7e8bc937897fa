"""
The policy of a route, in one place: access, authentication, idempotency.

It is built once from the arguments of the route; the receiver, OpenAPI, `bin/cli routes` and the tests read it.
"""

import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Required, Self, TypedDict, get_args

from fastapi import Response, params

from chassis.core.errors import AppError, BadGateway
from chassis.dependencies import Authentication, CurrentUser, Dispatch, Visitor
from chassis.dispatch.retry import SAFE_METHODS
from chassis.idempotency.kinds import HEADER, REPEATABLE, UNREPEATABLE, Idempotency
from chassis.sealing.access import READS, Access, Mode
from chassis.sealing.replay import ClaimsRequest
from chassis.web.deprecation import Deprecation

_ACCESS = "access=service(...), encrypted(), optional() or public()"
_IDEMPOTENCY = "idempotency=KEYED, REPEATABLE or UNREPEATABLE"
NOT_STORING = "access=public() and no key or session, as a service without a database stores nothing,"
"""What a route must declare in a service without a database, unless it is a sealed read."""
_TAKEN = "Accepted, but not needed: the request may be repeated with the same key, another key or none."

_NAMED = (
    "Names the request in logs and in the answer: 8 to 128 letters, digits, `.`, `_` or `-`. Other values are replaced."
)

SEALED_SCHEME = "Sealed"
"""The name of the seal's security scheme in OpenAPI."""


class IncompleteRoute(Exception):
    """A route lacks a declaration; the service must not start. The message names the endpoint and what to write."""

    def __init__(self, endpoint: Callable[..., Any], missing: str) -> None:
        super().__init__(f"{endpoint.__module__}.{endpoint.__qualname__}: say {missing} at the route")


class Options(TypedDict, total=False):
    """
    The arguments of a route. All but the first six are FastAPI's.

    Attributes:
        access: Who may call, and in which form; every route has it.
        auth: The required login; none by default.
        idempotency: The effect of a repeated request; every POST and PATCH declares it.
        max_body: Cap on bodies, in bytes, in place of MAX_BODY_BYTES.
        gzip: Whether a plain body may be compressed.
        also: Other paths of the route, which are not documented.
    """

    access: Required[Access]
    auth: Authentication
    idempotency: Idempotency
    max_body: int
    gzip: bool
    also: Sequence[str]
    status_code: int
    response_model: Any
    response_class: type[Response]
    responses: dict[int | str, dict[str, Any]]
    dependencies: Sequence[params.Depends]
    operation_id: str
    name: str
    openapi_extra: dict[str, Any]
    include_in_schema: bool


POLICY_OPTIONS = ("access", "auth", "idempotency", "max_body", "gzip")
"""Those that make the policy."""


@dataclass(frozen=True, slots=True)
class RoutePolicy:
    """
    The policy of a route.

    Args:
        access: Who may call, in which form, and with how large a body.
        auth: The required login; None if there is none.
        idempotency: The effect of a repeated request.
        key_reader: The dependency that reads the key of a keyed route.
        claims: The route's own transaction stores the nonce of a sealed request; otherwise the receiver does.
        calls: The route calls other services.
        deprecation: When the route was replaced, and when it ends; None if it is current.
        forwarded: The route is another service's, to which its requests are sent; that service declares all else.
    """

    access: Access
    auth: Authentication | None = None
    idempotency: Idempotency = REPEATABLE
    key_reader: Callable[..., Any] | None = None
    claims: bool = False
    calls: bool = False
    deprecation: Deprecation | None = None
    forwarded: bool = False

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
        Build the policy of a route from its arguments; *limits* are ``max_body`` and ``gzip``.

        Raises:
            IncompleteRoute: An argument is missing, or the endpoint needs one that is missing.
        """
        if access is None:
            raise IncompleteRoute(endpoint, _ACCESS)
        if idempotency is None and method not in SAFE_METHODS:
            raise IncompleteRoute(endpoint, _IDEMPOTENCY)
        kind = idempotency or REPEATABLE
        parameters = [one.annotation for one in inspect.signature(endpoint).parameters.values()]
        if CurrentUser in parameters and not (auth and auth.is_required):
            raise IncompleteRoute(endpoint, "auth=PERSON, or another that names a person,")
        if Visitor in parameters and (auth is None or auth.is_required):
            raise IncompleteRoute(endpoint, "auth=ANYONE, as it takes a Visitor,")
        reader = next((reader for parameter, reader in kind.readers if parameter in parameters), None)
        if kind.readers and reader is None:
            raise IncompleteRoute(endpoint, "'session: Session' or 'key: Key' in the parameters of what is KEYED")
        claims = any(ClaimsRequest in get_args(one) for one in parameters)
        return cls(replace(access, **limits), auth, kind, reader, claims, calls=Dispatch in parameters)

    @property
    def authentication(self) -> str:
        """The required login, as the routes table prints it: ``role admin``, ``token``, or ``-``."""
        return self.auth.name if self.auth else "-"

    def stores(self, method: str) -> bool:
        """Whether a request with this method stores something: a nonce, or what the endpoint's transaction does."""
        return self.claims or bool(self.idempotency.readers) or (self.access.takes_seal and method not in READS)

    @property
    def refuses_key(self) -> bool:
        """Whether a request with an Idempotency-Key is refused: the route could not honour it."""
        return self.idempotency is UNREPEATABLE

    def errors(self) -> Iterator[type[AppError]]:
        """Yield the errors that follow from the policy, besides those of sealing."""
        yield from self.auth.errors if self.auth else ()
        yield from self.idempotency.errors
        if self.calls:
            yield BadGateway

    def openapi(self, method: str) -> dict[str, Any]:
        """Return the description for OpenAPI: ``x-access`` for programs, and the headers of every such route."""
        access: dict[str, object] = {
            "mode": self.access.mode.value,
            "callers": sorted(self.access.callers),
            "authentication": self.authentication,
            "idempotency": self.idempotency.name,
        }
        if self.access.plain_if:
            access["plain_if"] = self.access.plain_if.upper()
        takes_key = self.idempotency is REPEATABLE and method not in SAFE_METHODS
        headers = {"X-Request-ID": _NAMED, **({HEADER: _TAKEN} if takes_key else {})}
        return {"x-access": access, "parameters": [_header(*one) for one in headers.items()]}

    def sentences(self, method: str) -> str:
        """Return a description for people."""
        needs = f" Needs {self.auth.needs}." if self.auth else " Needs no login."
        repeated = "" if method in SAFE_METHODS else f" {self.idempotency.sentence}"
        ends = f" {self.deprecation.sentence}" if self.deprecation else ""
        return f"{self.access.sentence}{'' if self.is_for_services else needs}{repeated}{ends}"

    @property
    def is_for_services(self) -> bool:
        """Whether the seal of a service is all that it needs."""
        return self.access.mode is Mode.SERVICE and not self.auth

    def security(self) -> list[dict[str, list[str]]]:
        """
        Return the alternatives: schemes that are enough together. ENCRYPTION_MODE is ``strict``.

        Where a setting decides whether plain requests are accepted (``plain_if``), they are an alternative.
        """
        logins: list[dict[str, list[str]]] = [{name: []} for name in self.auth.schemes] if self.auth else []
        if self.auth is None or not self.auth.is_required:
            logins.append({})
        is_seal_enough = self.auth is None or self.auth.or_sealed
        sealed = [{SEALED_SCHEME: []}] if is_seal_enough else [{SEALED_SCHEME: [], **login} for login in logins]
        if self.access.needs_seal(strict=True, has_authorization=False):
            return sealed + (logins if self.access.takes_authorization or self.access.plain_if else [])
        if self.auth is None:
            return []
        return logins + (sealed if self.auth.or_sealed else [])


def _header(name: str, description: str) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": False, "schema": {"type": "string"}, "description": description}
