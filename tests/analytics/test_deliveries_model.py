"""The long run: ``DELIVERIES=200000 pytest …/test_deliveries_model.py``; ``--randomly-seed=N`` repeats its events."""

import os
import random
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, contextmanager
from functools import partial

import httpx
import pytest
from pydantic import SecretStr

from analytics.commands import make_write_key
from analytics.models import INDEXES
from chaos.scenarios.ingestion.events import ORDER
from chaos.scenarios.ingestion.scenario import until_counted
from chaos.scenarios.ingestion.senders import Endpoint, Senders, batch_endpoint, inbox_endpoint
from chassis.mongodb.database import create_indexes
from cli.client import client
from cli.dev.environment import service_environment
from cli.dev.files import ROOT
from cli.dev.mongodb import EmbeddedMongoDB
from cli.dev.polling import eventually
from cli.dev.ports import free_port
from cli.services import SERVICES
from tests.support.plain import NO_AUTHORITIES
from tests.support.warm import WarmProcess

DELIVERIES = int(os.environ.get("DELIVERIES", "600"))
"""The number of events; most are sent more than once."""
SERVERS = 3
SENDERS = 8
COUNTED_WITHIN_S = 60.0
[ANALYTICS] = [service for service in SERVICES if service.name == "analytics"]


@pytest.fixture
def deployment(environment: dict[str, str], mongodb: EmbeddedMongoDB) -> dict[str, str]:
    """The settings of analytics, with a database of its own."""
    url = mongodb.create_database("deliveries")
    create_indexes(SecretStr(url), INDEXES)
    return environment | {ANALYTICS.store_variable: url}


@contextmanager
def serving(deployment: dict[str, str]) -> Iterator[str]:
    """Run a process of analytics for the block; yields its address."""
    port = free_port()
    process = WarmProcess(
        [sys.executable, "-m", "uvicorn", ANALYTICS.factory, "--factory", "--port", str(port), "--no-access-log"],
        environment=service_environment(ANALYTICS, deployment),
        folder=ROOT,
        output=subprocess.DEVNULL,
    )
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.request_stop()
        process.wait()


async def is_ready(outside: httpx.AsyncClient) -> bool:
    """Whether a server answers."""
    try:
        return (await outside.get("/readyz")).is_success
    except httpx.TransportError:
        return False


@pytest.fixture
async def endpoints(deployment: dict[str, str]) -> AsyncIterator[list[Endpoint]]:
    """The addresses of several processes, which share only their database."""
    key = await make_write_key(deployment[ANALYTICS.store_variable], "model")
    async with AsyncExitStack() as stack:
        addresses = [stack.enter_context(serving(deployment)) for _ in range(SERVERS)]
        endpoints = []
        for address in addresses:
            outside = await stack.enter_async_context(httpx.AsyncClient(base_url=address, verify=NO_AUTHORITIES))
            assert await eventually(partial(is_ready, outside), within=30.0)
            inside = client(deployment | {ANALYTICS.url_variable: address}, ORDER, [ANALYTICS.name])
            endpoints += [inbox_endpoint(await stack.enter_async_context(inside)), batch_endpoint(outside, key)]
        yield endpoints


@pytest.mark.long
async def test_however_events_arrive_all_counts_are_those_of_a_plain_model(
    deployment: dict[str, str], endpoints: list[Endpoint]
) -> None:
    """Counts match the model for events in any order, late, concurrent and repeated, through several processes."""
    senders = Senders(endpoints, random.getrandbits(32))

    await senders.run(SENDERS, lambda: len(senders.journal.events) < DELIVERIES)

    broken = await until_counted(deployment[ANALYTICS.store_variable], senders.journal, COUNTED_WITHIN_S)
    assert not any(broken.values()), broken
    assert senders.journal.errors == {}
