"""The OpenAPI description of a service: what FastAPI generates, and what follows from policies and settings."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fastapi import FastAPI
from pydantic.json_schema import models_json_schema

from chassis.auth.remote import LOGIN_PATH
from chassis.core.errors import (
    AppError,
    BadRequest,
    DeadlineExceeded,
    HeadersTooLarge,
    InvalidRequest,
    PayloadTooLarge,
    RequestTimeout,
    ServiceUnavailable,
    Unauthenticated,
    UnsupportedMediaType,
    UriTooLong,
)
from chassis.core.problems import OAuthProblem, Problem, documented
from chassis.dependencies import TOKEN_SCHEME
from chassis.sealing.access import Mode
from chassis.sealing.body import Overloaded
from chassis.sealing.headers import EncryptionUnavailable, HeaderConflict, InvalidEncryptResponse, InvalidInnerHeader
from chassis.sealing.server import EncryptionRequired, MalformedEnvelope
from chassis.settings import ServiceSettings
from chassis.web import health
from chassis.web.policy import SEALED_SCHEME
from chassis.web.routing import PlainRoute, Route, Router

_SCHEMAS = "#/components/schemas/{model}"
_BY_THE_SERVER = (RequestTimeout, UriTooLong, HeadersTooLarge)
"""Answered before routing (``chassis/web/http_protocol.py``)."""
LOGIN_SCHEME = "Login"
"""The name of the scheme by which the documentation logs in."""
_LOGIN = {"type": "oauth2", "description": "Logs in at the user service, with a name or e-mail address and a password."}
_SEALED = {
    "type": "apiKey",
    "in": "header",
    "name": "X-Service-Communication",
    "description": "A sealed request of a linked peer (docs/protocol.md): `encrypted`, beside X-Service-Name, X-Key-Id "
    "and the token. `bin/cli call` sends one.",
}
_ABOUT = """{about}

Errors are `application/problem+json` with a stable `code` (RFC 9457). To try a route out, press *Authorize*, and log in
or paste an access token.{others}"""
INFO: dict[str, Any] = {
    "version": "1",
    "contact": {"name": "The team that runs this service"},
    "license_info": {"name": "MIT", "identifier": "MIT"},
    # Relative, so it is right wherever the description is served.
    "servers": [{"url": "/", "description": "The server of this description."}],
}
"""The arguments of FastAPI that are the same for every service."""


def describe(app: FastAPI, settings: ServiceSettings, routers: Iterable[Router]) -> None:
    """
    Complete the OpenAPI description of a service, when it is first asked for.

    Added are the ways to authenticate, and the problems that follow from each route's policy and dependencies. The
    refusals of a service itself (404, 409, 429 …) are declared at its routes (``documented``).
    """
    app.description = _ABOUT.format(about=settings.about, others=_other_docs(settings)).strip()
    app.openapi_tags = [*_tags(routers), health.TAG]
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            routes = [route for route in app.routes if isinstance(route, PlainRoute)]
            schemes = _security_schemes(routes, login_address(app, settings))
            for route in routes:
                route.responses = documented(*_implied_errors(route), beside=route.responses)
                route.openapi_extra = {**(route.openapi_extra or {}), "security": _alternatives(route, schemes)}
            components = generate().setdefault("components", {})
            components.setdefault("schemas", {}).update(_problem_schemas(routes))
            components["securitySchemes"] = schemes
        return generate()

    app.openapi = openapi  # type: ignore[method-assign]


def login_address(app: FastAPI, settings: ServiceSettings) -> str | None:
    """Return the address of the login route for a browser; None if it is not known."""
    if any(isinstance(route, Route) and route.path == LOGIN_PATH for route in app.routes):
        return LOGIN_PATH
    issuer = settings.docs_services.get(settings.tokens_from or "")
    return f"{str(issuer).rstrip('/')}{LOGIN_PATH}" if issuer else None


def _other_docs(settings: ServiceSettings) -> str:
    others = {name: url for name, url in settings.docs_services.items() if name != settings.service_name}
    links = ", ".join(f"[{name}]({str(url).rstrip('/')}/docs)" for name, url in others.items())
    return f"\n\nThe other services: {links}." if links else ""


def _tags(routers: Iterable[Router]) -> Iterable[dict[str, str]]:
    tags: dict[str, dict[str, str]] = {}
    for router in routers:
        if any(route.include_in_schema for route in router.routes):
            tags.setdefault(router.tag["name"], router.tag)
    return tags.values()


def _problem_schemas(routes: Iterable[PlainRoute]) -> dict[str, Any]:
    """Return the schemas of the problems to which the responses refer."""
    responses = repr([route.responses for route in routes])
    used = [one for one in (Problem, OAuthProblem) if repr(_SCHEMAS.format(model=one.__name__)) in responses]
    _, definitions = models_json_schema([(one, "serialization") for one in used], ref_template=_SCHEMAS)
    schemas: dict[str, Any] = definitions["$defs"]
    return schemas


def _security_schemes(routes: Iterable[PlainRoute], login: str | None) -> dict[str, Any]:
    """Return the schemes of all routes, by name."""
    by_login = {LOGIN_SCHEME: {**_LOGIN, "flows": {"password": {"tokenUrl": login, "scopes": {}}}}} if login else {}
    by_route = {
        name: scheme for route in routes if (auth := route.policy.auth) for name, scheme in auth.schemes.items()
    }
    is_sealed = any(SEALED_SCHEME in way for route in routes for way in route.policy.security())
    return {**by_login, **by_route, **({SEALED_SCHEME: _SEALED} if is_sealed else {})}


def _alternatives(route: PlainRoute, schemes: Mapping[str, Any]) -> list[dict[str, list[str]]]:
    """Return the route's security; where an access token is enough, a login is, too."""
    ways: list[dict[str, list[str]]] = []
    for way in route.policy.security():
        if TOKEN_SCHEME in way and LOGIN_SCHEME in schemes:
            ways.append({(LOGIN_SCHEME if name == TOKEN_SCHEME else name): [] for name in way})
        ways.append(way)
    return ways


def _implied_errors(route: PlainRoute) -> Iterator[type[AppError]]:
    yield from _BY_THE_SERVER
    yield from (BadRequest, InvalidEncryptResponse, EncryptionUnavailable, AppError)
    if not isinstance(route, Route):
        return
    yield from (InvalidRequest, PayloadTooLarge, UnsupportedMediaType, Overloaded, ServiceUnavailable, DeadlineExceeded)
    access = route.policy.access
    if access.mode in {Mode.SERVICE, Mode.ENCRYPTED}:
        yield EncryptionRequired
    if access.takes_seal:
        yield from (MalformedEnvelope, HeaderConflict, InvalidInnerHeader, Unauthenticated)
    yield from route.policy.errors()
