"""`python -m cli routes`: how every route of every service may be spoken to, and by whom."""

from dataclasses import dataclass

from fastapi import FastAPI
from rich.table import Table

from chassis.web.policy import RoutePolicy
from chassis.web.routing import PlainRoute, Route
from cli.build import build_all
from cli.dev.console import console


@dataclass(frozen=True, slots=True)
class DeclaredRoute:
    """A route of a service, and what it is."""

    service: str
    method: str
    path: str
    policy: RoutePolicy


def routes() -> None:
    """Print every route with its mode, the peers that may call it sealed, what a person needs, and who takes keys."""
    table = Table("Service", "Method", "Path", "Mode", "Sealed callers", "Authentication", "Idempotency")
    for one in declared_routes(build_all()):
        access = one.policy.access
        what = access.mode, access.who, one.policy.authentication, one.policy.idempotency.name
        table.add_row(one.service, one.method, one.path, *what)
    console.print(table)


def declared_routes(apps: dict[str, FastAPI]) -> list[DeclaredRoute]:
    """Read what the routes of *apps* (by service) are; those of the documentation are left out."""
    return [
        DeclaredRoute(name, method, route.path, route.policy)
        for name, app in apps.items()
        for route in app.routes
        if isinstance(route, Route) or (isinstance(route, PlainRoute) and route.include_in_schema)
        for method in sorted(route.methods or ())
    ]
