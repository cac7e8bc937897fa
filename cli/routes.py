"""`bin/cli routes`: every route of every service, and who may call it."""

from dataclasses import dataclass

from fastapi import FastAPI
from rich.table import Column, Table

from chassis.web.policy import RoutePolicy
from chassis.web.routing import PlainRoute, Route
from cli.build import build_all
from cli.dev.console import console


@dataclass(frozen=True, slots=True)
class DeclaredRoute:
    """A route of a service with its declarations."""

    service: str
    method: str
    path: str
    policy: RoutePolicy


def routes() -> None:
    """Print every route with its access, its callers, its login and whether it takes idempotency keys."""
    whole = (Column(name, no_wrap=True) for name in ("Service", "Method", "Path"))
    table = Table(*whole, "Mode", "Sealed callers", "Authentication", "Idempotency")
    for one in declared_routes(build_all()):
        access = one.policy.access
        what = access.mode, access.who, one.policy.authentication, one.policy.idempotency.name
        table.add_row(one.service, one.method, one.path, *what)
    console.print(table)


def declared_routes(apps: dict[str, FastAPI]) -> list[DeclaredRoute]:
    """Return the routes of *apps* (by service), except those of the documentation."""
    return [
        DeclaredRoute(name, method, route.path, route.policy)
        for name, app in apps.items()
        for route in app.routes
        if isinstance(route, Route) or (isinstance(route, PlainRoute) and route.include_in_schema)
        for method in sorted(route.methods or ())
    ]
