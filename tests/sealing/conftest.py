"""Routes to attack, the effects that an attack could have, and second replicas of the services."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from importlib import import_module

import pytest
from fastapi import FastAPI
from sqlalchemy import text

from chassis.sealing.access import CLIENT
from cli.services import SERVICES
from tests.sealing.aliases import CountEffects
from tests.sealing.messages import Forge
from tests.support.aliases import Bearer
from tests.support.databases import patient_pools
from tests.support.serving import serve

EVENT = {"type": "attack"}
ADA = {"username": "ada", "email": "ada@example.org", "password": "correct horse battery"}
TEAPOT = {"name": "Teapot", "price": 199.99, "stock": 5}


@pytest.fixture
def events(environment: dict[str, str]) -> Forge:
    """Recording an event: a route of mode ``encrypted`` that claims the nonce in a statement of its own, in MongoDB."""
    return Forge(CLIENT, "analytics", environment, "POST", "/api/v1/analytics/events", json=EVENT)


@pytest.fixture
def users(environment: dict[str, str]) -> Forge:
    """Registering: a route of mode ``encrypted`` that claims the nonce in its one statement, in PostgreSQL."""
    return Forge(CLIENT, "user", environment, "POST", "/api/v1/users/register", json=ADA)


# --- about product ---
@pytest.fixture
def products(environment: dict[str, str], bearer: Bearer) -> Forge:
    """Adding a product: a route of mode ``optional`` that claims the nonce in its transaction."""
    token = {"authorization": bearer(role="admin")["Authorization"]}
    return Forge(CLIENT, "product", environment, "POST", "/api/v1/products", json=TEAPOT, headers=token)


# --- end about product ---


# --- about order ---
@pytest.fixture
def reading(environment: dict[str, str]) -> Forge:
    """Reading an unknown reservation: a read of mode ``service``, whose token is in a header."""
    path = "/api/v1/reservations/00000000-0000-0000-0000-000000000000"
    return Forge("order", "product", environment, "GET", path, "x=1")  # an empty body, which is sealed all the same


# --- end about order ---


@pytest.fixture
def mutations(
    events: Forge,
    users: Forge,
    # --- about product ---
    products: Forge,
    # --- end about product ---
) -> list[Forge]:
    """The routes on which an attack could have an effect."""
    return [
        events,
        users,
        # --- about product ---
        products,
        # --- end about product ---
    ]


@pytest.fixture
def count_effects(apps: dict[str, FastAPI]) -> CountEffects:
    """Counts the rows that the routes above have stored."""

    async def count() -> int:
        async with apps["analytics"].state.application.store.use() as database:
            found: int = await database["events"].count_documents(EVENT)
        for table in {"user", "product"} & apps.keys():
            async with apps[table].state.application.store.transaction() as session:
                found += (await session.execute(text(f"SELECT count(*) FROM {table}s"))).scalar_one()  # noqa: S608
        return found

    return count


@pytest.fixture(scope="session")
async def replicas(apps: dict[str, FastAPI]) -> AsyncIterator[dict[str, str]]:
    """The address of a second replica of each service, on the same database."""
    async with AsyncExitStack() as stack:
        with patient_pools():
            addresses = {
                service.name: await stack.enter_async_context(serve(import_module(f"{service.name}.main").build()))
                for service in SERVICES
            }
        yield addresses


@pytest.fixture
def url(environment: dict[str, str], apps: dict[str, FastAPI]) -> dict[str, str]:
    """The address at which each service listens."""
    return {service.name: environment[service.url_variable] for service in SERVICES}
