"""The gateway, and what people ask of it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, aclosing

import pytest
from fastapi import FastAPI

from chassis.application import application_of
from chassis.dispatch.dispatcher import Dispatcher
from tests.gateway.asking import Asking, CountingDispatcher
from tests.support.aliases import Bearer, Empty, MakeUser
from tests.support.asking import Asker, World

Without = Callable[[str], Awaitable[Dispatcher]]
"""Returns a dispatcher for which a service is down: ``await without("product")``."""


@pytest.fixture
def counting(apps: dict[str, FastAPI], clean: None) -> CountingDispatcher:
    """Makes the gateway's calls, with empty tables, and lists them."""
    return CountingDispatcher(application_of(apps["gateway"]).dispatcher)


@pytest.fixture
def ask(counting: CountingDispatcher) -> Asking:
    """Executes documents as people."""
    return Asking(counting)


@pytest.fixture
async def root(make_user: MakeUser, bearer: Bearer) -> dict[str, str]:
    """The headers of an admin."""
    return bearer(await make_user("root", role="admin"))


@pytest.fixture
async def without(apps: dict[str, FastAPI], clean: None) -> AsyncIterator[Without]:
    """Makes dispatchers for which a service is down."""
    its = application_of(apps["gateway"])

    async def sleep(_seconds: float) -> None:
        """Retry at once."""

    async with AsyncExitStack() as stack:

        async def make(service: str) -> Dispatcher:
            peers = its.settings.peer_urls | {service: "http://127.0.0.1:1"}
            return await stack.enter_async_context(aclosing(Dispatcher(peers, its.envelope, sleep=sleep)))

        yield make


@pytest.fixture
def asker(
    environment: dict[str, str], bearer: Bearer, apps: dict[str, FastAPI], empty: Empty, password_hash: str
) -> Asker:
    """Sends the valid requests of other services' routes to the gateway."""
    return Asker(environment, bearer, World(apps, empty, password_hash), through="gateway")
