from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from fastapi import FastAPI

from chassis.app import create_app
from chassis.dependencies import ADMIN, PERSON, Authentication
from chassis.sealing.access import CLIENT, Access, optional, service
from chassis.web import diagnostics, health
from chassis.web.policy import RoutePolicy
from chassis.web.routing import Route, service_router
from cli.links import links
from cli.routes import DeclaredRoute, declared_routes
from cli.services import SERVICES
from tests.chassis.tiny import TinySettings
from tests.support.access import ANSWERS, OK, PROBES, AccessTable, disagreements, named_callers, table_of
from tests.support.aliases import Bearer, Empty
from tests.support.asking import Asker, World, filled, policies, questions
from tests.support.serving import NoDatabase

NAMES = [service.name for service in SERVICES]


async def make_nothing(_apps: dict[str, FastAPI], _ada: UUID) -> dict[str, str]:
    """Create nothing."""
    return {}


TABLE_OF_TINY = str(Path("tests") / "tiny" / "access.py")
TINY = AccessTable({}, make_nothing)
"""The table of a service without routes of its own."""


@pytest.fixture
def asker(
    environment: dict[str, str], bearer: Bearer, apps: dict[str, FastAPI], empty: Empty, password_hash: str
) -> Asker:
    """Sends the valid request of a route."""
    return Asker(environment, bearer, World(apps, empty, password_hash))


@pytest.mark.parametrize("service", NAMES)
async def test_a_read_and_who_is_refused_are_answered_by_the_policy_of_the_route(
    apps: dict[str, FastAPI], asker: Asker, service: str
) -> None:
    """All requests share one world: neither a read nor a refused request may change the next answer."""
    expected = {
        (route, one): answer
        for (route, one), answer in questions(apps, service).items()
        if route.startswith("GET ") or answer != OK
    }
    await asker.renew(service)

    assert {asked: await asker.outcome(*asked) for asked in expected} == expected


@pytest.mark.parametrize("service", NAMES)
async def test_who_may_do_it_succeeds_with_the_request_that_others_are_refused(
    apps: dict[str, FastAPI], asker: Asker, service: str
) -> None:
    """Each request has a world of its own, since one cancels the order that another cancels, too."""
    expected = {
        (route, one): answer
        for (route, one), answer in questions(apps, service).items()
        if not route.startswith("GET ") and answer == OK
    }
    outcomes = {}
    for asked in expected:
        await asker.renew(service)
        outcomes[asked] = await asker.outcome(*asked)

    assert outcomes == expected


@pytest.mark.parametrize("service", NAMES)
async def test_of_the_linked_peers_those_that_the_route_takes_may_call(
    apps: dict[str, FastAPI], asker: Asker, service: str
) -> None:
    """A sealed call of a named service, or of any if none is named, succeeds; another linked one's is a 401."""
    outcomes, expected = {}, {}
    peers = [caller for caller, callee in links() if callee == service]
    for route, policy in policies(apps, service).items():
        if policy.partition(":")[0] != "service":
            continue
        allowed = named_callers(policy) or {peer for peer in peers if peer != CLIENT}
        await asker.renew(service)
        for peer in peers:
            outcomes[route, peer] = await asker.outcome(route, peer)
            expected[route, peer] = OK if peer in allowed else 401

    assert outcomes == expected


@pytest.mark.parametrize("service", NAMES)
async def test_the_table_says_what_the_routes_declare(apps: dict[str, FastAPI], service: str) -> None:
    """Each route is in the table, with the policy that results from its mode, callers and dependencies."""
    assert disagreements(service, table_of(service), declared_routes({service: apps[service]})) == []


async def test_every_route_of_the_api_goes_through_the_receiver(apps: dict[str, FastAPI]) -> None:
    """No route is of a class without modes, except the probes and diagnostics of the chassis."""
    of_the_chassis = [*health.router.routes, *diagnostics.router.routes, *diagnostics.foreign_tables.routes]
    routes = [route for app in apps.values() for route in app.routes if route not in of_the_chassis]

    others = [route for route in routes if not isinstance(route, Route)]

    assert [route for route in others if getattr(route, "path", "/api").startswith(("/api", "/.well-known"))] == []


def test_a_route_that_is_not_in_the_table_is_told() -> None:
    """The message names the route and the line to add; hiding it from the documentation does not help."""
    router = service_router("things")

    @router.get("/{thing_id}", access=optional(), include_in_schema=False)
    async def read(thing_id: UUID) -> None:
        """Return nothing."""

    app = create_app(TinySettings(), NoDatabase(), router)

    (line,) = disagreements("tiny", TINY, declared_routes({"tiny": app}))
    assert line.startswith("GET /api/v1/things/{thing_id} is not in the table")
    assert line.endswith(f'add "GET /api/v1/things/{{thing_id}}": "<open>" to the policies in {TABLE_OF_TINY}')


@pytest.mark.parametrize(
    ("written", "access", "auth"),
    [
        ("person", optional(), None),
        ("person", optional(), ADMIN),
        ("admin", optional(), PERSON),
        ("sealed", optional(), None),
        ("service: order", service(), None),
        ("service: order", service("order", "user"), None),
    ],
)
def test_a_route_that_declares_something_else_is_told(
    written: str, access: Access, auth: Authentication | None
) -> None:
    """A mode, caller or authentication that differs from the table's, or a missing one, is a disagreement."""
    table = replace(TINY, policies={"POST /api/v1/things": written})

    (line,) = disagreements("tiny", table, [DeclaredRoute("tiny", "POST", "/api/v1/things", RoutePolicy(access, auth))])
    assert line.startswith(f"POST /api/v1/things is '{written}' in {TABLE_OF_TINY}, but declares")


def test_a_route_that_is_no_more_is_told() -> None:
    """A line without a route is a disagreement."""
    table = replace(TINY, policies={"POST /api/v1/things": "open"})

    assert disagreements("tiny", table, []) == [f"POST /api/v1/things is no more: remove it from {TABLE_OF_TINY}"]


def test_a_parameter_that_is_missing_is_told() -> None:
    """The message names the parameter, the route and the function to change."""
    with pytest.raises(AssertionError, match=f"thing_id}}: return 'thing_id' from make_things in {TABLE_OF_TINY}"):
        filled("/api/v1/things/{thing_id}", {"other_id": "x"}, "tiny")


def test_the_tables_are_of_one_piece() -> None:
    """Each policy in a table is explained and used, and names existing services."""
    used = {policy for name in NAMES for policy in table_of(name).policies.values()} | set(PROBES.values())

    assert {policy.partition(":")[0] for policy in used} <= ANSWERS.keys()
    assert set().union(*map(named_callers, used)) <= set(NAMES)
