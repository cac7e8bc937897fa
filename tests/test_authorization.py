from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from uuid import UUID

import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import func

from analytics.ingestion.store_events import store_events
from analytics.privacy.erase_user import erase_user
from chassis.app import create_app
from chassis.dependencies import ADMIN, PERSON, Authentication
from chassis.sealing.access import CLIENT, Access, optional, service
from chassis.web import diagnostics, health
from chassis.web.policy import RoutePolicy
from chassis.web.routing import Route, service_router
from cli.links import links
from cli.routes import DeclaredRoute, declared_routes
from cli.services import SERVICES
from order.models import Order, OrderLine
from product.models import Product, Reservation, ReservationLine
from tests.analytics.counting import event
from tests.chassis.tiny import TinySettings
from tests.sealing.messages import Forge, send
from tests.support.access import (
    ACCESS,
    ANSWERS,
    BODIES,
    OK,
    PASSWORD,
    PRINCIPALS,
    QUERIES,
    THING,
    disagreements,
    name_of,
    named_callers,
)
from tests.support.aliases import Bearer, Empty
from tests.support.serving import NoDatabase
from user.models import EmailToken, RefreshToken, User, UserSession
from user.schemas import UserCreate
from user.services.create_user import create_user
from user.tokens.opaque_tokens import token_hash

NAMES = [service.name for service in SERVICES]
SERVICE_ROUTES = [route for route, policy in ACCESS.items() if policy.startswith("service")]


def answers_of(route: str) -> dict[str, int]:
    """Principal -> the answer that the policy of a route prescribes."""
    return dict(zip(PRINCIPALS, ANSWERS[ACCESS[route].partition(":")[0]], strict=True))


@dataclass(frozen=True, slots=True)
class World:
    """Creates Ada, Bob, an analyst, two admins (the last one cannot be removed) and their things."""

    apps: dict[str, FastAPI]
    empty: Empty
    password_hash: str

    async def make(self) -> dict[str, User]:
        """Create them anew, and nothing else; each has a session with the person's id."""
        await self.empty()
        roles = {"ada": "user", "bob": "user", "analyst": "analyst", "admin": "admin", "root": "admin"}
        made = {}
        async with self.apps["user"].state.application.store.transaction() as session:
            for name, role in roles.items():
                new = UserCreate(username=name, email=f"{name}@example.org", password=SecretStr(PASSWORD))
                made[name] = user = await create_user(session, new, self.password_hash, role)
                session.add(UserSession(id=user.id, user_id=user.id, expires_at=func.now() + timedelta(hours=1)))
        await self._make_things(made["ada"].id)
        return made

    async def _make_things(self, ada: UUID) -> None:
        """Create the things of the requests: a product; Ada's order, refresh token, mail tokens and erasure record."""
        thing, soon = UUID(THING), func.now() + timedelta(hours=1)
        line = {"order_id": thing, "product_id": thing, "quantity": 1, "unit_price_minor": 19999, "name": "Teapot"}
        letter = partial(EmailToken, user_id=ada, email="ada@example.org", expires_at=soon)
        async with self.apps["user"].state.application.store.transaction() as session:
            session.add(RefreshToken(token_hash=token_hash("refresh"), session_id=ada))
            session.add_all(letter(purpose=purpose, token_hash=token_hash(purpose)) for purpose in ("verify", "reset"))
        async with self.apps["product"].state.application.store.transaction() as session:
            session.add(Product(id=thing, name="Teapot", price_minor=19999, currency="EUR", stock=5))
            session.add(Reservation(order_id=thing, state="reserved", expires_at=soon))
            session.add(ReservationLine(currency="EUR", **line))
        async with self.apps["analytics"].state.application.store.use() as database:
            await erase_user(database, ada)
            await store_events(database, [event(_id=THING)])
        async with self.apps["order"].state.application.store.transaction() as session:
            total = {"total_price_minor": 19999, "currency": "EUR"}
            session.add(Order(id=thing, user_id=ada, status="confirmed", **total))
            await session.flush()
            session.add(OrderLine(position=0, **line))


@pytest.fixture
def world(apps: dict[str, FastAPI], empty: Empty, password_hash: str) -> World:
    """Creates people and their things."""
    return World(apps, empty, password_hash)


class Asker:
    """Sends the valid request of a route, as any principal."""

    def __init__(self, environment: dict[str, str], bearer: Bearer, world: World) -> None:
        self._environment = environment
        self._bearer = bearer
        self._world = world
        self._users: dict[str, User] = {}

    async def renew(self) -> None:
        """Start with a new world."""
        self._users = await self._world.make()

    async def outcome(self, service: str, route: str, principal: str) -> int:
        """Send as one of PRINCIPALS, or sealed as a service; returns the status, or OK for any 2xx."""
        caller = CLIENT if principal in PRINCIPALS else principal
        forge = self._forge(caller, service, route, principal)
        is_sealed = principal == CLIENT or principal not in PRINCIPALS
        answer = await send(
            self._environment[f"{service.upper()}_SERVICE_URL"], forge.valid() if is_sealed else forge.plain()
        )
        return OK if answer.status // 100 == 2 else answer.status

    def _forge(self, caller: str, service: str, route: str, principal: str) -> Forge:
        method, path, *_ = route.split(" ")
        ada = str(self._users["ada"].id)
        ids = {"user_id": ada, "session_id": ada, "product_id": THING, "order_id": THING, "event_id": THING}
        for name, value in {**ids, "name": "icon.svg"}.items():
            path = path.replace(f"{{{name}}}", value)
        token = (
            {"authorization": self._bearer(self._users[principal])["Authorization"]} if principal in self._users else {}
        )
        return Forge(caller, service, self._environment, method, path, QUERIES.get(route, ""), BODIES.get(route), token)


@pytest.fixture
def asker(environment: dict[str, str], bearer: Bearer, world: World) -> Asker:
    """Sends the valid request of a route."""
    return Asker(environment, bearer, world)


def questions(apps: dict[str, FastAPI], service: str) -> dict[tuple[str, str], int]:
    """Route and principal -> the answer that the policy prescribes, for all routes of a service."""
    routes = [name_of(one) for one in declared_routes({service: apps[service]})]
    return {(route, one): answer for route in routes for one, answer in answers_of(route).items()}


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
    await asker.renew()

    assert {asked: await asker.outcome(service, *asked) for asked in expected} == expected


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
        await asker.renew()
        outcomes[asked] = await asker.outcome(service, *asked)

    assert outcomes == expected


async def test_of_the_linked_peers_those_that_the_route_takes_may_call(apps: dict[str, FastAPI], asker: Asker) -> None:
    """A sealed call of a named service, or of any if none is named, succeeds; another linked one's is a 401."""
    outcomes, expected = {}, {}
    for route in SERVICE_ROUTES:
        (service,) = (one.service for one in declared_routes(apps) if name_of(one) == route)
        peers = [caller for caller, callee in links() if callee == service]
        allowed = named_callers(ACCESS[route]) or {peer for peer in peers if peer != CLIENT}
        await asker.renew()
        for peer in peers:
            outcomes[route, peer] = await asker.outcome(service, route, peer)
            expected[route, peer] = OK if peer in allowed else 401

    assert outcomes == expected


async def test_the_table_says_what_the_routes_declare(apps: dict[str, FastAPI]) -> None:
    """Each route is in the table, with the policy that results from its mode, callers and dependencies."""
    assert disagreements(declared_routes(apps)) == []


async def test_every_route_of_the_api_goes_through_the_receiver(apps: dict[str, FastAPI]) -> None:
    """No route is of a class without modes, except the probes and diagnostics of the chassis."""
    of_the_chassis = [*health.router.routes, *diagnostics.router.routes]
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

    told = [line for line in disagreements(declared_routes({"tiny": app})) if "is no more" not in line]

    (line,) = told
    assert line.startswith("GET /api/v1/things/{thing_id} (tiny) is not in the table")
    assert line.endswith('add "GET /api/v1/things/{thing_id} (tiny)": "<open>" to ACCESS, tests/support/access.py')


@pytest.mark.parametrize(
    ("method", "path", "access", "auth"),
    [
        ("POST", "/api/v1/orders", optional(), None),
        ("POST", "/api/v1/orders", optional(), ADMIN),
        ("POST", "/api/v1/products", optional(), PERSON),
        ("POST", "/api/v1/users/register", optional(), None),
        ("GET", "/api/v1/reservations/{order_id}", service(), None),
        ("GET", "/api/v1/reservations/{order_id}", service("order", "user"), None),
    ],
)
def test_a_route_that_declares_something_else_is_told(
    method: str, path: str, access: Access, auth: Authentication | None
) -> None:
    """A mode, caller or authentication that differs from the table's, or a missing one, is a disagreement."""
    told = disagreements([DeclaredRoute("any", method, path, RoutePolicy(access, auth))])

    assert any(line.startswith(f"{method} {path} is '") for line in told)


def test_the_table_is_of_one_piece() -> None:
    """Each policy in the table is explained, and names existing services."""
    policies = set(ACCESS.values())

    assert {policy.partition(":")[0] for policy in policies} == ANSWERS.keys()
    assert set.union(*map(named_callers, policies)) <= {service.name for service in SERVICES}
