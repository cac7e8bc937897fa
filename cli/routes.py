"""`python -m cli routes`: how every route of every service may be spoken to, and by whom."""

from dataclasses import astuple, dataclass

from fastapi import FastAPI
from fastapi.routing import APIRoute
from rich.table import Table

from chassis.dependencies import authentication_of
from chassis.web.routing import Route
from cli.build import build_all
from cli.dev.console import console


@dataclass(frozen=True, slots=True)
class RoutePolicy:
    """What a route declares."""

    service: str
    method: str
    path: str
    mode: str
    callers: str
    authentication: str
    idempotency_key: str


def routes() -> None:
    """Print every route with its mode, the peers that may call it sealed, what a person needs, and who takes keys."""
    table = Table("Service", "Method", "Path", "Mode", "Sealed callers", "Authentication", "Idempotency-Key")
    for policy in route_policies(build_all()):
        table.add_row(*astuple(policy))
    console.print(table)


def route_policies(apps: dict[str, FastAPI]) -> list[RoutePolicy]:
    """Read what the routes of *apps* (by service) declare; those of the chassis itself are public."""
    return [
        _policy(name, method, route)
        for name, app in apps.items()
        for route in app.routes
        if isinstance(route, Route) or (isinstance(route, APIRoute) and route.include_in_schema)
        for method in sorted(route.methods or ())
    ]


def _policy(service: str, method: str, route: APIRoute) -> RoutePolicy:
    if not isinstance(route, Route):
        return RoutePolicy(service, method, route.path, "public", "-", "-", "-")
    linked = "-" if route.policy.mode == "public" else "any linked"
    callers = ", ".join(sorted(route.policy.callers)) or linked
    authentication = authentication_of(route.dependant)
    return RoutePolicy(service, method, route.path, route.policy.mode, callers, authentication, route.repetition)
