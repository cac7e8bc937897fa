"""The one who asks: a process that gets statistics of many different spans of 30 days over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from multiprocessing.connection import Connection

import aiohttp
import orjson
import uvloop

from benchmarks.load import Fetch, run_load
from benchmarks.processes import hear


class NotAnswered(Exception):
    """There were no statistics; says the status."""


def ask(pipe: Connection, url: str) -> None:
    """Ask for the spans that come through the pipe, until it is closed."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_obey(pipe, url))


async def _obey(pipe: Connection, url: str) -> None:
    async with _asking(url) as fetch:
        pipe.send("ready")
        while task := await hear(pipe):
            spans, load = task
            pipe.send(await run_load(fetch, spans, load))


@asynccontextmanager
async def _asking(url: str) -> AsyncIterator[Fetch]:
    """Give a function that takes a query, and returns it if the answer counts anything."""
    async with aiohttp.ClientSession(url) as session:

        async def fetch(query: str) -> str:
            async with session.get(f"/api/v1/analytics/stats?{query}") as answer:
                content = await answer.read()
                if answer.status != HTTPStatus.OK:
                    raise NotAnswered(str(answer.status))
                return query if orjson.loads(content)["total"] else "nothing"

        yield fetch
