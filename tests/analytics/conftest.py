"""A database in which tests alone count."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from fastapi import FastAPI

from analytics.lease import leased
from analytics.main import COUNTING
from chassis.mongodb import MotorDatabase
from chassis.testing import eventually


@pytest.fixture
async def database(apps: dict[str, FastAPI], clean: None) -> AsyncIterator[MotorDatabase]:
    """The database of analytics, in which nobody counts but the test."""
    async with apps["analytics"].state.store.use() as database, AsyncExitStack() as stack:

        async def is_ours() -> bool:
            return await stack.enter_async_context(leased(database, COUNTING))

        assert await eventually(is_ours)
        yield database
