"""Fixtures of analytics: a database in which only the test counts, clients, and an analyst."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack

import httpx
import pytest
from fastapi import FastAPI

from analytics.counting.lease import leased
from analytics.ingestion.add_write_key import add_write_key
from analytics.main import COUNTING, PURGING
from chassis.application import application_of
from chassis.mongodb.database import MotorDatabase
from chassis.settings import Environment
from cli.dev.polling import eventually
from tests.analytics.asking import Ask
from tests.analytics.sending import Stored, read_stored
from tests.support.aliases import Bearer, People
from tests.support.having import having
from tests.support.plain import NO_AUTHORITIES


@pytest.fixture
async def database(apps: dict[str, FastAPI], clean: None) -> AsyncIterator[MotorDatabase]:
    """The database of analytics, in which only the test counts or purges."""
    async with apps["analytics"].state.application.store.use() as database, AsyncExitStack() as stack:
        for work in (COUNTING, PURGING):

            async def is_ours(work: str = work) -> bool:
                return (await stack.enter_async_context(leased(database, work))).is_ours

            assert await eventually(is_ours)
        yield database


@pytest.fixture
def ask(people: People, bearer: Bearer) -> Ask:
    """Queries as an analyst."""
    return Ask(people["analytics"], bearer(role="analyst"))


SetUp = Callable[..., None]
"""Changes settings of analytics."""


@pytest.fixture
def set_up(apps: dict[str, FastAPI]) -> Iterator[SetUp]:
    """Changes settings of analytics for a test: ``set_up(environment=Environment.STAGING)``."""
    with ExitStack() as stack:

        def change(**settings: object) -> None:
            changed = application_of(apps["analytics"]).settings.model_copy(update=settings)
            stack.enter_context(having(apps["analytics"], settings=changed))

        yield change


@pytest.fixture
def outside_development(set_up: SetUp) -> None:
    """Makes analytics answer as in production."""
    set_up(environment=Environment.PRODUCTION)


@pytest.fixture
async def write_key(apps: dict[str, FastAPI], clean: None) -> str:
    """A valid write key."""
    async with apps["analytics"].state.application.store.use() as database:
        return str(await add_write_key(database, "tests"))


@pytest.fixture
async def keyed(environment: dict[str, str], write_key: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of analytics with a write key, as Segment's clients send it."""
    address = environment["ANALYTICS_SERVICE_URL"]
    async with httpx.AsyncClient(base_url=address, auth=(write_key, ""), verify=NO_AUTHORITIES) as client:
        yield client


@pytest.fixture
def stored(apps: dict[str, FastAPI]) -> Stored:
    """Reads the stored events."""
    return lambda: read_stored(apps["analytics"].state.application.store)
