"""The reader of a page: a client process that asks for a person's account, orders and their products at once."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

import aiohttp
import orjson

from benchmarks.load import Fetch


class NotRead(Exception):
    """The answer was no page, or had errors; carries the status and the beginning of the answer."""


@asynccontextmanager
async def reading(method: str, url: str, token: str, body: dict[str, Any] | None) -> AsyncIterator[Fetch]:
    """Return a function that reads the page, and returns its number of orders."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", "Accept": "application/json"}
    content = None if body is None else orjson.dumps(body)
    async with aiohttp.ClientSession(headers=headers, connector=aiohttp.TCPConnector(limit=0)) as session:

        async def fetch(_wanted: str) -> str:
            async with session.request(method, url, data=content) as answer:
                found = await answer.read()
            return str(len(page_of(answer.status, found)["orders"]["edges"]))

        yield fetch


def page_of(status: int, answer: bytes) -> dict[str, Any]:
    """
    Return the data of an answer.

    Raises:
        NotRead: It is no page, or a part of it is missing.
    """
    found = orjson.loads(answer)
    if status != HTTPStatus.OK or "errors" in found:
        raise NotRead(f"{status} {answer[:100]!r}")
    data: dict[str, Any] = found["data"]
    return data
