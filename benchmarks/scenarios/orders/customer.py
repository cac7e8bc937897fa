"""The load generator, the same for both sides: one process that places orders, each with a key of its own."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from multiprocessing.connection import Connection
from uuid import uuid4

import aiohttp
import orjson
import uvloop

from benchmarks.load import Fetch, Load, run_load
from benchmarks.processes import hear


class NotPlaced(Exception):
    """The answer to an order was not 201; says the code of the problem, or `pending`."""


@dataclass(frozen=True, slots=True)
class Task:
    """What it is told to do."""

    load: Load
    product_ids: Sequence[str]


def place_orders(pipe: Connection, url: str, token: str) -> None:
    """Do what the pipe says until it is closed."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_obey(pipe, url, token))


async def _obey(pipe: Connection, url: str, token: str) -> None:
    async with _ordering(url, token) as order:
        pipe.send("ready")
        while task := await hear(pipe):
            pipe.send(await run_load(order, task.product_ids, task.load))


@asynccontextmanager
async def _ordering(url: str, token: str) -> AsyncIterator[Fetch]:
    """Give a function that orders one piece of a product, and returns which product the answer names."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    async with aiohttp.ClientSession(url, headers=headers, connector=aiohttp.TCPConnector(limit=0)) as session:

        async def order(product_id: str) -> str:
            body = orjson.dumps({"product_id": product_id, "quantity": 1})
            async with session.post("/api/v1/orders", data=body, headers={"Idempotency-Key": str(uuid4())}) as answer:
                placed = orjson.loads(await answer.read())
                if answer.status != HTTPStatus.CREATED:
                    raise NotPlaced(placed.get("code", placed.get("status")))
                return str(placed["items"][0]["product_id"])

        yield order
