from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest
from fastapi import FastAPI

from chassis.application import application_of
from chassis.dispatch.dispatcher import Dispatcher
from chassis.postgres.database import Postgres
from order import main
from tests.order.shop import Shop, declare_take_stock
from tests.support.aliases import Bearer, People
from tests.support.fault_proxy import FaultProxy, passing
from tests.support.having import having


@pytest.fixture
def shop(people: People, apps: dict[str, FastAPI], bearer: Bearer) -> Shop:
    """The shop, empty."""
    return Shop(people, apps["order"], bearer)


@pytest.fixture
async def teapot(shop: Shop) -> str:
    """The id of a product of 199.99 of which there are 5."""
    return await shop.product()


@pytest.fixture
async def settling(shop: Shop) -> AsyncIterator[None]:
    """Complete every order after the test, with all services working again."""
    yield
    assert await shop.settles()


@pytest.fixture
def unresumed(clean: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the running service from resuming orders by itself."""

    async def resume_nothing(_database: Postgres, _dispatcher: Dispatcher) -> None:
        pass

    monkeypatch.setattr(main, "resume_orders", resume_nothing)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the call for the stock a short timeout."""
    declare_take_stock(monkeypatch, timeout_s=0.5)


@pytest.fixture
async def wire(settling: None, shop: Shop, environment: dict[str, str]) -> AsyncIterator[FaultProxy]:
    """The connection between the order service's calls and the product service."""
    its = application_of(shop.app)
    async with FaultProxy(environment["PRODUCT_SERVICE_URL"], passing) as proxy:
        peers = its.settings.peer_urls | {"product": proxy.address}
        async with aclosing(Dispatcher(peers, its.envelope, pause_s=0.1)) as dispatcher:
            with having(shop.app, dispatcher=dispatcher, background=dispatcher):
                yield proxy
