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
from cli.services import SERVICES, find_service
from tests.sealing.messages import Forge, Opened, send
from tests.support.aliases import Bearer, MakeUser, People
from tests.support.databases import bystanders, own_tables
from tests.support.repeated import keyed_routes_of

SECRETS = re.compile("token|password|secret|key")
CASES = [(service.name, route) for service in SERVICES for route in keyed_routes_of(service.name).routes]


def status_of(case: tuple[str, str]) -> int:
    """Return the status of the first answer of a service's route."""
    service, route = case
    return keyed_routes_of(service).routes[route].status


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
    case: tuple[str, str],
    apps: dict[str, FastAPI],
    environment: dict[str, str],
    people: People,
    make_user: MakeUser,
    bearer: Bearer,
) -> Keyed:
    """The sender of the requests of a route."""
    service, route = case
    root, key, application = await make_user("root", role="admin"), str(new_id()), application_of(apps[service])
    admin, asked = bearer(root), keyed_routes_of(service).routes[route]
    things = await keyed_routes_of(service).make_things(people, admin)
    (declared,) = (one for one in declared_routes({service: apps[service]}) if f"{one.method} {one.path}" == route)
    is_personal = declared.policy.auth is not None
    headers = {"idempotency-key": key, **({"authorization": admin["Authorization"]} if is_personal else {})}

    def forge(path: str, body: object) -> Forge:
        text = dumps([path, body])
        for name, thing in things.items():
            text = text.replace(f'"<{name}>"', dumps(thing)).replace(f"<{name}>", str(thing))
        path, body = loads(text)
        return Forge(CLIENT, service, environment, "POST", path, json=body, headers=headers)

    return Keyed(
        environment[f"{service.upper()}_SERVICE_URL"],
        application,
        _watched(await own_tables(find_service(service), environment)),
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
    """A new keyed route needs a request in ``tests/<service>/repeated.py``."""
    keyed = [
        (one.service, f"{one.method} {one.path}") for one in declared_routes(apps) if one.policy.idempotency is KEYED
    ]

    assert sorted(keyed) == sorted(CASES)


@pytest.mark.parametrize("case", CASES, ids=" ".join)
async def test_a_request_with_a_key_has_its_effect_once(keyed: Keyed, case: tuple[str, str]) -> None:
    """A repetition gets the stored answer; another request with the key is refused, and neither changes a row."""
    first = await keyed.ask(keyed.forge)

    async with bystanders(keyed.store, keyed.tables):
        again = await keyed.ask(keyed.forge)
        other = await keyed.ask(keyed.other)

    assert first.status == status_of(case)
    assert (again.status, again.body, again.headers["idempotent-replayed"]) == (first.status, first.body, "true")
    assert (other.status, other.code) == (422, "idempotency_key_reused")


@pytest.mark.parametrize("case", CASES, ids=" ".join)
async def test_a_request_whose_key_is_in_flight_has_no_effect(keyed: Keyed, case: tuple[str, str]) -> None:
    """The second request is refused at once and changes no row; if the first ends without an answer, it is accepted."""
    async with keyed.store.transaction() as session:
        await session.execute(select(func.pg_advisory_xact_lock(keyed.key.lock)))
        async with bystanders(keyed.store, keyed.tables):
            answer = await keyed.ask(keyed.forge)

    assert (answer.status, answer.code, answer.headers["retry-after"]) == (409, "in_flight", "1")
    assert (await keyed.ask(keyed.forge)).status == status_of(case)


async def test_stored_answers_have_no_secrets(apps: dict[str, FastAPI]) -> None:
    """An answer of a keyed route is stored for a day: no field of it is a token or a password."""
    routes = [one for app in apps.values() for one in app.routes if isinstance(one, Route)]
    models = [one.response_model for one in routes if one.policy.idempotency is KEYED]
    fields = {name for model in models if model for name in model.model_fields}

    assert fields
    assert {name for name in fields if SECRETS.search(name)} == set()
