"""Two services that exchange events."""

from collections.abc import AsyncIterator

import pytest

from cli.dev.postgres import EmbeddedPostgres
from tests.chassis.exchange import Exchange, open_exchange


@pytest.fixture(scope="session")
async def whole_exchange(postgres: EmbeddedPostgres) -> AsyncIterator[Exchange]:
    """An announcing service and a listener, for all tests of this worker."""
    async with open_exchange(postgres.create_database("exchange")) as exchange:
        yield exchange


@pytest.fixture
async def exchange(whole_exchange: Exchange) -> Exchange:
    """The same, with nothing announced and nothing taken."""
    await whole_exchange.empty()
    return whole_exchange
