"""
The services for the tests: real servers on real sockets, with real databases of this run alone.

Each pytest worker has its own, so tests run side by side; each test begins with empty tables.
"""

import asyncio
import gc
import json
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack
from datetime import timedelta
from functools import partial
from importlib import import_module
from typing import Any

import httpx
import pytest
import uvloop
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import func
from xdist.remote import Producer

from analytics.counting.lease import leased
from analytics.main import COUNTING
from analytics.models import INDEXES, LEASES
from chassis.application import application_of, own_part
from chassis.core.types import new_id
from chassis.dispatch.dispatcher import Dispatcher
from chassis.mongodb.database import MongoDB
from chassis.postgres.tables import chassis_metadata
from cli.client import client as outside_client
from cli.db import upgrade
from cli.dev.databases import create_databases
from cli.dev.inherited import remove_settings
from cli.dev.mongodb import EmbeddedMongoDB
from cli.dev.polling import eventually
from cli.dev.ports import free_port
from cli.dev.postgres import EmbeddedPostgres
from cli.dev.secrets import ensure_secrets
from cli.links import links
from cli.services import SERVICES
from tests.clients.addresses import address_of
from tests.support import selection
from tests.support.aliases import Bearer, Empty, MakeUser, People
from tests.support.databases import (
    HURRY,
    PATIENCE_S,
    Tables,
    WrittenCollections,
    data_folder,
    own_tables,
    patient_pools,
)
from tests.support.plain import NO_AUTHORITIES
from tests.support.scheduling import Together
from tests.support.serving import reserved_port, serve
from tests.support.tools import not_run
from user import password_hashing as passwords
from user.dependencies import Parts
from user.models import User, UserSession
from user.schemas import UserCreate
from user.services.create_user import create_user

PASSWORD = "correct horse battery"
PAUSE_S = 0.5
"""The pause of a breaker, so that an overload in one test does not affect the next."""
STRANGERS = ("order", "product")
"""Names under which tests call; they are linked with every service, and need not be services of this project."""
COLLECTIONS = INDEXES.keys() - {LEASES}
KEEP_ALIVE_S = 4.0
"""Shorter than the servers' 5 s, so that no connection is picked up just as the server closes it."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add an option for the tests of some services."""
    selection.add_option(parser)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the cases of other services."""
    selection.select(config, items)


def pytest_configure() -> None:
    """Use the event loop of production, and remove the caller's environment for other programs."""
    remove_settings(os.environ)
    # Not with pytest-asyncio's hook: a test that is not a coroutine has none, which ends the session's loop.
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Together:
    """Choose the scheduler that distributes the tests."""
    return Together(config, log)


def pytest_collection() -> None:
    """Disable garbage collection while thousands of tests are created: they stay to the end."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Enable it again, without the objects created so far."""
    gc.freeze()
    gc.enable()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print a closing line for the tests that were not run because the machine lacks a program."""
    for line in not_run(terminalreporter.getreports("skipped")):
        terminalreporter.write_line(line, yellow=True)


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL of this worker's own."""
    # Not pytest's own folder: only root can enter that, and root's PostgreSQL runs as nobody.
    with data_folder() as folder, EmbeddedPostgres(folder, free_port(), **HURRY) as server:
        yield server


@pytest.fixture(scope="session")
def mongodb() -> Iterator[EmbeddedMongoDB]:
    """A MongoDB of this worker's own."""
    with data_folder() as folder, EmbeddedMongoDB(folder, free_port()) as server:
        yield server


@pytest.fixture(scope="session")
def environment(
    postgres: EmbeddedPostgres, mongodb: EmbeddedMongoDB, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, str]]:
    """Set what all services read in the environment of this process; the databases are migrated."""
    strangers = {(name, one.name) for name in STRANGERS for one in SERVICES if one.name != name}
    directions = sorted({*links(), *strangers, *((one, name) for name, one in strangers)})
    secrets = ensure_secrets(tmp_path_factory.mktemp("secrets") / "secrets.json", directions)
    stores = create_databases({"postgres": postgres, "mongodb": mongodb})
    with ExitStack() as ports:
        addresses = {
            service.url_variable: f"http://127.0.0.1:{ports.enter_context(reserved_port())}" for service in SERVICES
        }
        docs = {"DOCS_SERVICES": json.dumps({service.name: addresses[service.url_variable] for service in SERVICES})}
        like_production = {"JWT_ISSUER": address_of(addresses, "user"), "PLAIN_REGISTRATION": "false"}
        for_tests = {"LOG_LEVEL": "WARNING"}
        # --- about gateway ---
        for_tests["GATEWAY_RATE_LIMITS"] = "off"  # all tests share an address
        # --- end about gateway ---
        values = {**secrets, **stores, **addresses, **docs, **like_production, **for_tests}
        with pytest.MonkeyPatch.context() as patch:
            for name, value in values.items():
                patch.setenv(name, value)
            upgrade(None, foreign_tables=True)
            yield values


@pytest.fixture(scope="session")
def written() -> WrittenCollections:
    """The collections that were written to."""
    return WrittenCollections.of_this_process()


@pytest.fixture(scope="session")
async def apps(environment: dict[str, str], written: WrittenCollections) -> AsyncIterator[dict[str, FastAPI]]:
    """
    All services, each listening on its address.

    Analytics counts five times a second, without a pause; user erases an audit log only when a test has it done.
    """
    async with AsyncExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setattr("analytics.main.COUNTS_EVERY_S", 0.2)
        patch.setattr("analytics.main.PAUSE_PER_SECOND", 0)
        patch.setattr("user.main.ERASE_EVERY_S", 3600.0)
        patch.setattr("chassis.app.Dispatcher", partial(Dispatcher, pause_s=PAUSE_S))
        built = {service.name: import_module(f"{service.name}.main").build() for service in SERVICES}
        with patient_pools():
            for service in SERVICES:
                port = int(environment[service.url_variable].rpartition(":")[2])
                await stack.enter_async_context(serve(built[service.name], port))
        yield built


@pytest.fixture(scope="session")
async def tables(environment: dict[str, str]) -> AsyncIterator[list[Tables]]:
    """The tables of each PostgreSQL database."""
    async with AsyncExitStack() as stack:
        opened = []
        for service in SERVICES:
            if service.store == "postgres":
                metadata = await own_tables(service, environment), chassis_metadata
                opened.append(await Tables.open(environment[service.store_variable], *metadata))
                stack.push_async_callback(opened[-1].close)
        yield opened


@pytest.fixture(scope="session")
def empty(apps: dict[str, FastAPI], tables: list[Tables], written: WrittenCollections) -> Empty:
    """Empties tables and the collections that were written to, after earlier events have been delivered."""

    async def seems_quiet() -> bool:
        if written.under_way or any(app.state.application.receiver.in_flight for app in apps.values()):
            return False
        return not any(await asyncio.gather(*(one.have_events() for one in tables)))

    async def is_quiet() -> bool:
        # Twice: a request that was still unread at the first look, of a client that has left, may publish an event.
        return await seems_quiet() and await seems_quiet()

    async def empty_all() -> None:
        assert await eventually(is_quiet)
        store = apps["analytics"].state.application.store
        others = [app for name, app in apps.items() if name != "analytics"]
        collections = (empty_collections(store, written), *map(empty_all_collections, others))
        await asyncio.gather(*(one.empty() for one in tables), *collections)

    return empty_all


@pytest.fixture
async def clean(empty: Empty) -> None:
    """Empty tables and collections."""
    await empty()


async def empty_collections(store: MongoDB, written: WrittenCollections) -> None:
    """Empty analytics' collections that were written to, while no process counts and could write counts afterwards."""
    if not written.names & COLLECTIONS:
        return
    async with store.use() as database:

        async def is_emptied() -> bool:
            async with leased(database, COUNTING) as lease:
                if lease.is_ours:
                    await asyncio.gather(*(database[name].delete_many({}) for name in written.take() & COLLECTIONS))
                return lease.is_ours

        assert await eventually(is_emptied)


async def empty_all_collections(app: FastAPI) -> None:
    """Empty the collections of a service, if it has MongoDB; no periodic work writes to them."""
    its = application_of(app)
    if isinstance(its.store, MongoDB):
        indexes = import_module(f"{its.settings.service_name}.models").INDEXES
        async with its.store.use() as database:
            await asyncio.gather(*(database[name].delete_many({}) for name in indexes))


@pytest.fixture(scope="session")
async def connections(environment: dict[str, str]) -> AsyncIterator[dict[str, httpx.AsyncBaseTransport]]:
    """Plain HTTP connections to each service, for all tests of this worker."""
    async with AsyncExitStack() as stack:
        yield {
            service.name: await stack.enter_async_context(
                httpx.AsyncHTTPTransport(verify=NO_AUTHORITIES, limits=httpx.Limits(keepalive_expiry=KEEP_ALIVE_S))
            )
            for service in SERVICES
        }


@pytest.fixture
def people(environment: dict[str, str], clean: None, connections: dict[str, httpx.AsyncBaseTransport]) -> People:
    """A plain HTTP client for each service, as a person uses it: without cookies or headers of an earlier test."""
    return {
        service.name: httpx.AsyncClient(
            base_url=environment[service.url_variable], transport=connections[service.name], timeout=PATIENCE_S
        )
        for service in SERVICES
    }


@pytest.fixture(scope="session")
async def outside(environment: dict[str, str]) -> AsyncIterator[Dispatcher]:
    """A dispatcher that makes sealed calls as the outside client, for all tests of this worker."""
    async with outside_client(environment, pause_s=PAUSE_S) as dispatcher:
        yield dispatcher


@pytest.fixture
def sealed(outside: Dispatcher, clean: None) -> Dispatcher:
    """The same, with empty tables."""
    return outside


@pytest.fixture(scope="session")
def cheap_hasher() -> Any:  # noqa: ANN401 - passlib has no types
    """Creates hashes of the same form in a thousandth of the time."""
    return passwords._hasher.using(memory_cost=8, rounds=1)  # noqa: SLF001 - only tests may make them cheaper


@pytest.fixture(scope="session")
def password_hash(cheap_hasher: Any) -> str:  # noqa: ANN401
    """The hash of PASSWORD."""
    return str(cheap_hasher.hash(PASSWORD))


@pytest.fixture(autouse=True)
def cheap_hashes(cheap_hasher: Any, password_hash: str, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ANN401
    """Hash passwords cheaply, including the hash for unknown names; accept PASSWORD without rating its strength."""
    monkeypatch.setattr(passwords, "_hasher", cheap_hasher)
    monkeypatch.setattr(passwords, "_nobodys_hash", lambda: password_hash)
    judge = passwords._score  # noqa: SLF001 - as above
    strong = passwords.STRONG
    monkeypatch.setattr(
        passwords, "_score", lambda password, own: strong if password == PASSWORD else judge(password, own)
    )


@pytest.fixture
def make_user(apps: dict[str, FastAPI], clean: None, password_hash: str) -> MakeUser:
    """Makes accounts; their password is PASSWORD."""

    async def make(username: str = "ada", role: str = "user") -> User:
        new = UserCreate(username=username, email=f"{username}@example.org", password=SecretStr(PASSWORD))
        async with apps["user"].state.application.store.transaction() as session:
            user = await create_user(session, new, password_hash, role)
            session.add(UserSession(id=user.id, user_id=user.id, expires_at=func.now() + timedelta(hours=1)))
        return user

    return make


@pytest.fixture
def bearer(apps: dict[str, FastAPI]) -> Bearer:
    """Makes the Authorization header of a person, who need not have an account; a session has the id of its person."""

    def make(user: User | None = None, role: str = "user") -> dict[str, str]:
        issuer = own_part(apps["user"], Parts).issuer
        person = user.id if user else new_id()
        return {"Authorization": f"Bearer {issuer.issue(person, person, [user.role if user else role])}"}

    return make
