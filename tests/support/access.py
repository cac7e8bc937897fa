"""
Access: every route of every service and its policy. ``test_authorization.py`` tests that they hold.

Each service has a table of its routes, ``tests/<service>/access.py``. A new route needs a line in it, and a body or a
query if its requests need one.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from uuid import UUID

from fastapi import FastAPI

from cli.routes import DeclaredRoute

PRINCIPALS = ("nobody", "ada", "bob", "analyst", "editor", "admin", "client")
"""No token; the owner of the things; another person; three roles; a linked program, sealed, without a token."""
OK = 200
"""Any 2xx."""

ANSWERS = {
    #                      nobody  ada   bob   analyst   editor   admin   client
    "probe":              (OK,     OK,   OK,   OK,       OK,      OK,    OK),  # of the chassis: ignores credentials
    "public":             (OK,     OK,   OK,   OK,       OK,      OK,    400),  # plain, never sealed
    "open":               (OK,     OK,   OK,   OK,       OK,      OK,    OK),
    "known or not":       (OK,     OK,   OK,   OK,       OK,      OK,    OK),  # a token is not needed, but checked
    "statistics":         (OK,     OK,   OK,   OK,       OK,      OK,    OK),  # elsewhere: analysts, admins, peers
    "sealed":             (400,    400,  400,  400,      400,     400,   OK),  # by any linked peer
    "person":             (401,    OK,   OK,   OK,       OK,      OK,    401),  # each person's own things
    "person, plain":      (401,    OK,   OK,   OK,       OK,      OK,    400),  # the same, and never sealed
    "owner":              (401,    OK,   404,  404,      404,     404,   401),  # one thing, hidden from others
    "owner/admin":        (401,    OK,   404,  404,      404,     OK,    401),  # the same, and admins
    "owner/admin, plain": (401,    OK,   404,  404,      404,     OK,    400),  # the same, and never sealed
    "analyst":            (401,    403,  403,  OK,       403,     OK,    401),  # and admins
    "analyst, plain":     (401,    403,  403,  OK,       403,     OK,    400),  # the same, and never sealed
    "editor":             (401,    403,  403,  403,      OK,      OK,    401),  # and admins
    "admin":              (401,    403,  403,  403,      403,     OK,    401),
    "service":            (400,    400,  400,  400,      400,     400,   401),  # sealed by named services, or by any
    "keyed":              (401,    401,  401,  401,      401,     401,   OK),  # by any linked peer, or with a write key
    "sealed/keyed":       (400,    401,  401,  401,      401,     401,   OK),  # the same; the seal is checked first
    "key":                (401,    401,  401,  401,      401,     401,   400),  # plain, with a write key
}  # fmt: skip
"""Policy -> the answer to each principal."""

DECLARED = {
    "probe": ("public", "-"),
    "public": ("public", "-"),
    "open": ("optional", "-"),
    "known or not": ("optional", "optional token"),
    "statistics": ("optional", "role analyst, or a peer"),
    "sealed": ("encrypted", "-"),
    "person": ("optional", "token"),
    "person, plain": ("public", "token"),
    "owner": ("optional", "token"),
    "owner/admin": ("optional", "token"),
    "owner/admin, plain": ("public", "token"),
    "analyst": ("optional", "role analyst"),
    "analyst, plain": ("public", "role analyst"),
    "editor": ("optional", "role editor"),
    "admin": ("optional", "role admin"),
    "service": ("service", "-"),
    "keyed": ("optional", "write key"),
    "sealed/keyed": ("encrypted", "write key"),
    "key": ("public", "write key"),
}
"""Policy -> mode and authentication that its routes declare."""

PROBES = dict.fromkeys(("GET /livez", "GET /readyz", "GET /health", "GET /metrics"), "probe")
"""The routes of the chassis, in each service."""
THING = "0197a6b2-0000-7000-8000-000000000000"
"""The id of the only product, of an event, and of the only order, which is Ada's and has reserved a unit of it."""
PASSWORD = "correct horse battery"


@dataclass(frozen=True, slots=True)
class AccessTable:
    """
    Who may call each route of a service, and a valid request of each.

    Args:
        policies: Route (``POST /api/v1/orders``) -> policy, one of ``ANSWERS``.
        make_things: Creates the things of the requests, some of them Ada's; returns the parameters of paths.
        bodies: Route -> a valid body.
        queries: Route -> a required query.
    """

    policies: Mapping[str, str]
    make_things: Callable[[dict[str, FastAPI], UUID], Awaitable[dict[str, str]]]
    bodies: Mapping[str, object] = field(default_factory=dict)
    queries: Mapping[str, str] = field(default_factory=dict)

    def policy_of(self, route: str) -> str | None:
        """Return the policy of a route, also of one of the chassis; None if it is not in the table."""
        return self.policies.get(route) or PROBES.get(route)


@cache
def table_of(service: str) -> AccessTable:
    """Return the table of a service."""
    table: AccessTable = import_module(f"tests.{service}.access").TABLE
    return table


def disagreements(service: str, table: AccessTable, routes: list[DeclaredRoute]) -> list[str]:
    """Return the differences between the routes of a service and its table, each with what to change."""
    file = f"tests/{service}/access.py"
    gone = [f"{route} is no more: remove it from {file}" for route in table.policies.keys() - map(name_of, routes)]
    return sorted([*gone, *(problem for one in routes for problem in _problems(table, file, one))])


def name_of(route: DeclaredRoute) -> str:
    """Return the name of a route in the table of its service."""
    return f"{route.method} {route.path}"


def named_callers(policy: str) -> set[str]:
    """Return the services that a policy names."""
    return set(filter(None, policy.partition(": ")[2].split(", ")))


def _problems(table: AccessTable, file: str, route: DeclaredRoute) -> list[str]:
    name, access = name_of(route), route.policy.access
    declares = access.mode, route.policy.authentication
    if not (written := table.policy_of(name)):
        fitting = " or ".join(policy for policy, declared in DECLARED.items() if declared == declares)
        return [f'{name} is not in the table: add "{name}": "<{fitting}>" to the policies in {file}']
    policy, problems = written.partition(": ")[0], list[str]()
    if declares != DECLARED[policy] or access.callers != named_callers(written):
        problems.append(f"{name} is {written!r} in {file}, but declares {declares}, {access.who}")
    if policy == "person" and "{" in route.path:
        problems.append(f"{name} is about one thing: its policy is 'owner', not 'person'")
    return problems
