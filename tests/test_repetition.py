"""How every keyed route answers a repeated request."""

import re
from dataclasses import dataclass
from json import dumps, loads

import pytest
from fastapi import FastAPI
from sqlalchemy import MetaData, func, select

from chassis.application import Application, application_of
from chassis.core.types import new_id
from chassis.idempotency.dependency import KEYED
from chassis.idempotency.key import KeyedRequest
from chassis.postgres.database import Postgres
from chassis.sealing.access import CLIENT
from chassis.web.routing import Route
from cli.dev.polling import eventually
from cli.routes import declared_routes
from order.models import Base as OrderBase
from product.models import Base as ProductBase
from tests.sealing.messages import Forge, Opened, send
from tests.support.aliases import Bearer, MakeUser, People
from tests.support.databases import bystanders
from user.models import Base as UserBase

SECRETS = re.compile("token|password|secret|key")
TEAPOT = {"name": "Teapot", "price": 199.99, "stock": 5}
EVE = {"username": "eve", "email": "eve@example.org", "password": "correct horse battery"}
REGISTER = "POST /api/v1/users/register"
TABLES = {"user": UserBase.metadata, "product": ProductBase.metadata, "order": OrderBase.metadata}


@dataclass(frozen=True, slots=True)
class Repeated:
    """A request of a keyed route; the other one differs in its body, or is about another thing."""

    service: str
    path: str
    body: object
    other_path: str
    other_body: object
    status: int = 200


ROUTES = {
    "POST /api/v1/products": Repeated(
        "product", "/api/v1/products", TEAPOT, "/api/v1/products", {**TEAPOT, "name": "Cup"}, 201
    ),
    "POST /api/v1/products/{product_id}/stock": Repeated(
        "product",
        "/api/v1/products/<product>/stock",
        {"change": -3, "reason": "Broken."},
        "/api/v1/products/<product>/stock",
        {"change": -2, "reason": "Broken."},
    ),
    "POST /api/v1/users": Repeated(
        "user", "/api/v1/users", EVE, "/api/v1/users", {**EVE, "username": "bob", "email": "bob@example.org"}, 201
    ),
    REGISTER: Repeated(
        "user", "/api/v1/users/register", EVE, "/api/v1/users/register", {**EVE, "username": "bob"}, 201
    ),
    "POST /api/v1/orders": Repeated(
        "order",
        "/api/v1/orders",
        {"product_id": "<product>", "quantity": 1},
        "/api/v1/orders",
        {"product_id": "<product>", "quantity": 2},
        201,
    ),
    "POST /api/v1/orders/{order_id}/cancel": Repeated(
        "order", "/api/v1/orders/<order>/cancel", None, "/api/v1/orders/<neighbour>/cancel", None
    ),
    "POST /api/v1/orders/{order_id}/fulfil": Repeated(
        "order", "/api/v1/orders/<order>/fulfil", None, "/api/v1/orders/<neighbour>/fulfil", None
    ),
}
"""Route -> a request that it accepts, and another one."""


@dataclass(frozen=True, slots=True)
class Keyed:
    """Sends the requests of one route with one key, sealed, as an admin."""

    url: str
    application: Application
    tables: MetaData
    forge: Forge
    other: Forge
    key: KeyedRequest

    async def ask(self, forge: Forge) -> Opened:
        """Send a request; returns the opened answer after its background work (mails) is done."""
        message = forge.message()
        answer = message.open(await send(self.url, message.wire))

        async def is_quiet() -> bool:
            return self.application.receiver.in_flight == 0

        assert await eventually(is_quiet)
        return answer

    @property
    def store(self) -> Postgres:
        """The service's database."""
        assert isinstance(self.application.store, Postgres)
        return self.application.store


@pytest.fixture
async def keyed(
    route: str,
    apps: dict[str, FastAPI],
    environment: dict[str, str],
    people: People,
    make_user: MakeUser,
    bearer: Bearer,
) -> Keyed:
    """The sender of the requests of a route; there are a product and two orders of it."""
    root, asked, key = await make_user("root", role="admin"), ROUTES[route], str(new_id())
    admin = bearer(root)
    product = (await people["product"].post("/api/v1/products", json=TEAPOT, headers=admin)).json()["id"]
    wanted = {"product_id": product, "quantity": 1}
    order, neighbour = [
        (await people["order"].post("/api/v1/orders", json=wanted, headers=admin)).json()["id"] for _ in range(2)
    ]

    def forge(path: str, body: object) -> Forge:
        text = dumps([path, body]).replace("<product>", product).replace("<order>", order)
        path, body = loads(text.replace("<neighbour>", neighbour))
        return Forge(CLIENT, asked.service, environment, "POST", path, json=body, headers=headers)

    is_personal = route != REGISTER
    headers = {"idempotency-key": key, **({"authorization": admin["Authorization"]} if is_personal else {})}
    return Keyed(
        environment[f"{asked.service.upper()}_SERVICE_URL"],
        application_of(apps[asked.service]),
        _watched(TABLES[asked.service]),
        forge(asked.path, asked.body),
        forge(asked.other_path, asked.other_body),
        KeyedRequest(f"user:{root.id}" if is_personal else f"service:{CLIENT}", route, key, b""),
    )


def _watched(tables: MetaData) -> MetaData:
    """All tables except that of login attempts, which are always counted."""
    watched = MetaData()
    for table in tables.sorted_tables:
        if table.name != "throttles":
            table.to_metadata(watched)
    return watched


def test_every_keyed_route_is_tried(apps: dict[str, FastAPI]) -> None:
    """A new keyed route needs a request in ROUTES above."""
    keyed = {f"{one.method} {one.path}" for one in declared_routes(apps) if one.policy.idempotency is KEYED}

    assert keyed == ROUTES.keys()


@pytest.mark.parametrize("route", ROUTES)
async def test_a_request_with_a_key_has_its_effect_once(keyed: Keyed, route: str) -> None:
    """A repetition gets the stored answer; another request with the key is refused, and neither changes a row."""
    first = await keyed.ask(keyed.forge)

    async with bystanders(keyed.store, keyed.tables):
        again = await keyed.ask(keyed.forge)
        other = await keyed.ask(keyed.other)

    assert first.status == ROUTES[route].status
    assert (again.status, again.body, again.headers["idempotent-replayed"]) == (first.status, first.body, "true")
    assert (other.status, other.code) == (422, "idempotency_key_reused")


@pytest.mark.parametrize("route", ROUTES)
async def test_a_request_whose_key_is_in_flight_has_no_effect(keyed: Keyed, route: str) -> None:
    """The second request is refused at once and changes no row; if the first ends without an answer, it is accepted."""
    async with keyed.store.transaction() as session:
        await session.execute(select(func.pg_advisory_xact_lock(keyed.key.lock)))
        async with bystanders(keyed.store, keyed.tables):
            answer = await keyed.ask(keyed.forge)

    assert (answer.status, answer.code, answer.headers["retry-after"]) == (409, "in_flight", "1")
    assert (await keyed.ask(keyed.forge)).status == ROUTES[route].status


async def test_stored_answers_have_no_secrets(apps: dict[str, FastAPI]) -> None:
    """An answer of a keyed route is stored for a day: no field of it is a token or a password."""
    routes = [one for app in apps.values() for one in app.routes if isinstance(one, Route)]
    models = [one.response_model for one in routes if one.policy.idempotency is KEYED]
    fields = {name for model in models if model for name in model.model_fields}

    assert fields
    assert {name for name in fields if SECRETS.search(name)} == set()
