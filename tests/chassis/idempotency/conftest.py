"""One database for all of these tests, and two processes that serve on it."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from chassis.postgres.tables import chassis_metadata
from cli.dev.postgres import EmbeddedPostgres
from tests.chassis.idempotency.tiny_keyed import Base, Worker, serve_worker
from tests.support.databases import emptying


@pytest.fixture(scope="session")
async def database_url(postgres: EmbeddedPostgres) -> str:
    """A database for these tests only."""
    url = postgres.create_database("tiny_keyed")
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
        await connection.run_sync(chassis_metadata.create_all)
    await engine.dispose()
    return url


@pytest.fixture
async def worker(database_url: str) -> AsyncIterator[Worker]:
    """A process that serves; its database is empty."""
    async with serve_worker(database_url) as serving:
        async with serving.database.transaction() as session:
            await session.execute(text(emptying("things", "idempotency_keys", "sealed_requests")))
        yield serving


@pytest.fixture
async def other(database_url: str) -> AsyncIterator[Worker]:
    """Another process on the same database."""
    async with serve_worker(database_url) as serving:
        yield serving
