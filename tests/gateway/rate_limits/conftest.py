"""The gateway with rates for a test: too long to be refilled while it runs, and with patience for a busy machine."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack

import httpx
import pytest
from fastapi import FastAPI

from chassis.application import application_of
from chassis.postgres.database import Postgres
from gateway.main import build
from gateway.rate_limits.limiter import Limiter
from gateway.rate_limits.rates import DEFAULT_RATES, Rate, Rates
from tests.support.having import having
from tests.support.serving import serve

PATIENCE_S = 30.0
HOUR = 3600

MakeLimiter = Callable[[Rates], Limiter]


@pytest.fixture
def database(apps: dict[str, FastAPI], clean: None) -> Postgres:
    """The database of the gateway."""
    store = application_of(apps["gateway"]).store
    assert isinstance(store, Postgres)
    return store


@pytest.fixture(scope="module")
async def second(apps: dict[str, FastAPI]) -> AsyncIterator[tuple[FastAPI, str]]:
    """A second worker of the gateway, and its address."""
    app = build()
    async with serve(app) as address:
        yield app, address


@pytest.fixture
def limited(apps: dict[str, FastAPI], second: tuple[FastAPI, str], database: Postgres) -> Iterator[Callable[..., None]]:
    """Give rates to both workers: ``limited(default=5)`` units an hour; classes that are left out are not limited."""
    with ExitStack() as stack:

        def limit(**units: int) -> None:
            rates = dict.fromkeys(DEFAULT_RATES) | {name: Rate(number, HOUR) for name, number in units.items()}
            for app in (apps["gateway"], second[0]):
                own = application_of(app).store
                assert isinstance(own, Postgres)
                stack.enter_context(having(app, limiter=Limiter(own, rates, patience_s=PATIENCE_S)))

        yield limit


@pytest.fixture
async def workers(
    people: dict[str, httpx.AsyncClient], second: tuple[FastAPI, str]
) -> AsyncIterator[list[httpx.AsyncClient]]:
    """A client of each worker."""
    async with httpx.AsyncClient(base_url=second[1], verify=False) as client:  # noqa: S501 - there is no TLS
        yield [people["gateway"], client]
