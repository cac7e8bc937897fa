"""Two services that exchange events."""

from collections.abc import AsyncIterator

import pytest

from cli.dev.postgres import EmbeddedPostgres
from tests.chassis.exchange import Exchange, open_exchange


@pytest.fixture(scope="session")
async def whole_exchange(postgres: EmbeddedPostgres) -> AsyncIterator[Exchange]:
    """A publishing service and a consumer, for all tests of this worker."""
    async with open_exchange(postgres.create_database("exchange")) as exchange:
        yield exchange


@pytest.fixture
async def exchange(whole_exchange: Exchange) -> Exchange:
    """The same, with no events published and none consumed."""
    await whole_exchange.empty()
    return whole_exchange
