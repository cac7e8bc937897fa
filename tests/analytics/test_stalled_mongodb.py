"""MongoDB stalls during the work: acknowledged events are stored, other requests are refused soon."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from uuid import uuid4

import httpx
import psutil
import pytest
from pydantic import SecretStr

from analytics.ingestion import check_write_key, record_documents
from analytics.ingestion.add_write_key import add_write_key
from analytics.main import build
from analytics.models import INDEXES
from chassis.mongodb.database import MongoDB, create_indexes
from chassis.sealing import body as bodies
from cli.dev.mongodb import EmbeddedMongoDB
from cli.dev.polling import eventually
from cli.dev.ports import free_port
from tests.analytics.sending import BATCH, read_stored
from tests.support.plain import NO_AUTHORITIES
from tests.support.serving import serve

LONGEST_S = 1.0
"""The timeout of a statement, instead of 5 s."""
BATCHES = 40
TEXT = "x" * 30_000
ROOM = 4 * 450 * 1024
"""Enough for four batches of the sent size."""


@pytest.fixture
async def store(
    environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[EmbeddedMongoDB, MongoDB]]:
    """A MongoDB for this test only, and a client of it."""
    with EmbeddedMongoDB(tmp_path_factory.mktemp("mongodb"), free_port()) as server:
        url = server.create_database("analytics")
        monkeypatch.setenv("ANALYTICS_MONGODB_URL", url)
        create_indexes(SecretStr(url), INDEXES)
        database = MongoDB(SecretStr(url), "tests")
        await database.open()
        yield server, database
        await database.close()


@pytest.fixture
async def client(
    store: tuple[EmbeddedMongoDB, MongoDB], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an analytics service with this database, which also takes plain events without a key."""
    monkeypatch.setenv("ENCRYPTION_MODE", "permissive")
    for module in (check_write_key, record_documents):
        monkeypatch.setattr(module, "LONGEST_S", LONGEST_S)
    monkeypatch.setattr(bodies, "MOST_BODY_BYTES", ROOM)
    limits = httpx.Limits(max_connections=BATCHES)
    async with (
        serve(build()) as address,
        httpx.AsyncClient(base_url=address, timeout=30, limits=limits, verify=NO_AUTHORITIES) as client,
    ):
        yield client


@contextmanager
def stopped(server: EmbeddedMongoDB) -> Iterator[None]:
    """The server is paused for the block, and keeps its connections."""
    processes = psutil.Process(server.pid).children(recursive=True)
    for process in processes:
        process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            process.send_signal(signal.SIGCONT)


async def send(client: httpx.AsyncClient, key: str | None) -> tuple[httpx.Response, set[str]]:
    """Send a batch of 450 KB, with a key or without; returns the answer, and the acknowledged ids."""
    ids = {str(uuid4()) for _ in range(15)}
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    events = [{"id": event_id, "type": "seen", "data": {"text": TEXT}} for event_id in ids]
    response = await client.post(BATCH, json={"events": events}, headers=headers)
    return response, ids if response.status_code == 200 else set()


@pytest.mark.long
async def test_a_stalled_database_sheds_load_and_loses_nothing(
    store: tuple[EmbeddedMongoDB, MongoDB], client: httpx.AsyncClient
) -> None:
    """Each batch is a 503 with Retry-After, never a 504: four wait for MongoDB, the others are refused at once."""
    server, database = store
    async with database.use() as collections:
        key = str(await add_write_key(collections, "tests"))
    before = [await send(client, sender) for sender in (key, None, key)]

    with stopped(server):
        refused = await asyncio.gather(*(send(client, key if number % 2 else None) for number in range(BATCHES)))

    assert {response.status_code for response, _ in before} == {200}
    assert {response.status_code for response, _ in refused} == {503}
    assert {response.headers["Retry-After"] for response, _ in refused} == {"1"}
    assert {response.json()["code"] for response, _ in refused} == {"overloaded", "database_unavailable"}

    async def is_well() -> bool:
        return (await send(client, key))[0].status_code == 200

    assert await eventually(is_well, 10)
    acknowledged = set.union(*(ids for _, ids in before))
    assert acknowledged <= {event["_id"] for event in await read_stored(database)}
