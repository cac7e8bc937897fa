"""The customer of both sides: a client process, with few imports, that places orders, each with a key of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from uuid import uuid4

import aiohttp
import orjson

from benchmarks.load import Fetch


class NotPlaced(Exception):
    """The answer to an order was not 201; carries the code of the problem, or `pending`."""


@asynccontextmanager
async def order_at(url: str, token: str) -> AsyncIterator[Fetch]:
    """Return a function that orders one unit of a product, and returns the product in the answer."""
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
