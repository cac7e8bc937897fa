"""`bin/cli routes`: every route of every service, and who may call it."""

from dataclasses import dataclass

from fastapi import FastAPI

from chassis.sealing.access import Mode
from chassis.web import health
from chassis.web.policy import RoutePolicy
from chassis.web.routing import PlainRoute, Route
from cli.build import build_all
from cli.table import AsJson, Words, print_table

PROBES = frozenset(str(getattr(route, "path", "")) for route in health.router.routes)
"""The paths of the chassis that every service has."""


@dataclass(frozen=True, slots=True)
class DeclaredRoute:
    """A route of a service with its declarations."""

    service: str
    method: str
    path: str
    policy: RoutePolicy


def routes(words: Words = None, *, as_json: AsJson = False) -> None:
    """Print every route with its access, its callers, its login and whether it takes idempotency keys."""
    rows = [
        {
            "service": one.service,
            "method": one.method,
            "path": one.path,
            "access": one.policy.access.mode.value,
            "callers": None if one.policy.access.mode is Mode.PUBLIC else one.policy.access.who,
            "authentication": one.policy.auth.name if one.policy.auth else None,
            "idempotency": one.policy.idempotency.name,
        }
        for one in declared_routes(build_all())
    ]
    print_table(rows, words, as_json=as_json, head=3, services=["service"])


def declared_routes(apps: dict[str, FastAPI]) -> list[DeclaredRoute]:
    """Return the routes of *apps* (by service), except those of the documentation and those that are forwarded."""
    return [
        DeclaredRoute(name, method, route.path, route.policy)
        for name, app in apps.items()
        for route in app.routes
        if (isinstance(route, Route) and not route.policy.forwarded)
        or (isinstance(route, PlainRoute) and route.include_in_schema)
        for method in sorted(route.methods or ())
    ]
