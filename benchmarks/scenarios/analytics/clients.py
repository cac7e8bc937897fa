"""The load generators: processes that send prepared batches, over HTTP or into the collection, and one that queries."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from multiprocessing.connection import Connection
from typing import TypeVar

import aiohttp
import orjson

from analytics.commands import analytics_database
from analytics.models import EVENTS
from benchmarks.load import Fetch, Load, run_load
from benchmarks.processes import hear, run_on_uvloop
from benchmarks.scenarios.analytics.history import CLIENTS_SHARES, make_documents
from chassis.mongodb.database import Document

T = TypeVar("T")
_PATH = "/api/v1/analytics/events/batch"
BATCH = 500
"""Events per batch."""
_RECENT = timedelta(seconds=10)
"""The time before their preparation within which events happened."""


class NotStored(Exception):
    """A batch was refused, or not all of its events were new."""


class NotAnswered(Exception):
    """No statistics were returned; carries the status."""


@dataclass(frozen=True, slots=True)
class Prepare:
    """The first task of a sender: prepare batches; then follows ``SEND``."""

    first: int
    """The number of the first event."""
    load: Load


SEND = "send"


def send_batches(pipe: Connection, url: str, key: str) -> None:
    """Send batches over HTTP as the pipe requests, until it is closed."""
    run_on_uvloop(_obey(pipe, _posting(url, key), _as_body))


def insert_batches(pipe: Connection, url: str) -> None:
    """Insert batches with the service's own driver as the pipe requests, until it is closed."""
    run_on_uvloop(_obey(pipe, _inserting(url), list))


async def _obey(
    pipe: Connection,
    opening: AbstractAsyncContextManager[Callable[[T], Awaitable[int]]],
    prepare: Callable[[list[Document]], T],
) -> None:
    async with opening as send:
        pipe.send("ready")
        while task := await hear(pipe):
            batches = [prepare(documents) for documents in _batches(task)]
            pipe.send("prepared")
            await hear(pipe)

            async def fetch(number: str, batches: Sequence[T] = batches) -> str:
                stored = await send(batches[int(number)])
                if stored != BATCH:
                    raise NotStored(f"{stored} of {BATCH} events were new")
                return number

            pipe.send(await run_load(fetch, [str(number) for number in range(len(batches))], task.load))


def _batches(task: Prepare) -> list[list[Document]]:
    """Make enough batches: while the last one is under way, each other sender may have begun one more."""
    now = datetime.now(UTC)
    events = BATCH * (task.load.calls + task.load.concurrency)

    def moment(number: int) -> datetime:
        return now - _RECENT * (1 - (number - task.first) / events)

    starts = range(task.first, task.first + events, BATCH)
    return [make_documents(range(start, start + BATCH), moment, CLIENTS_SHARES) for start in starts]


def _as_body(documents: Sequence[Document]) -> bytes:
    events = [
        {
            "id": one["_id"],
            "type": one["type"],
            "source": one["source"],
            "time": one["occurred_at"],
            "userid": one["user_id"],
            "data": one["data"],
        }
        for one in documents
    ]
    return orjson.dumps({"events": events})


@asynccontextmanager
async def _posting(url: str, key: str) -> AsyncIterator[Callable[[bytes], Awaitable[int]]]:
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    async with aiohttp.ClientSession(url, headers=headers, connector=aiohttp.TCPConnector(limit=0)) as session:

        async def post(body: bytes) -> int:
            async with session.post(_PATH, data=body) as answer:
                content = await answer.read()
                if answer.status != HTTPStatus.OK:
                    raise NotStored(f"{answer.status}: {content.decode()[:200]}")
                return int(content.count(b'"inserted"'))

        yield post


@asynccontextmanager
async def _inserting(url: str) -> AsyncIterator[Callable[[list[Document]], Awaitable[int]]]:
    async with analytics_database(url) as database:

        async def insert(documents: list[Document]) -> int:
            result = await database[EVENTS].insert_many(documents, ordered=False)
            return len(result.inserted_ids)

        yield insert


@asynccontextmanager
async def stats_of(url: str) -> AsyncIterator[Fetch]:
    """Return a function that takes a query for statistics, and returns it if the answer counts any events."""
    async with aiohttp.ClientSession(url) as session:

        async def fetch(query: str) -> str:
            async with session.get(f"/api/v1/analytics/stats?{query}") as answer:
                content = await answer.read()
                if answer.status != HTTPStatus.OK:
                    raise NotAnswered(str(answer.status))
                return query if orjson.loads(content)["total"] else "nothing"

        yield fetch
