"""The reader of all sides: a client process that asks for pages of the list."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

import aiohttp
import orjson

from benchmarks.load import Fetch
from benchmarks.scenarios.content.peer import LENGTH

Row = dict[str, Any]


class NotRead(Exception):
    """The answer was no whole page; carries the status and the beginning of the answer."""


@asynccontextmanager
async def reading(url: str, paths: Mapping[str, str]) -> AsyncIterator[Fetch]:
    """Return a function that reads the page that begins with a row, by its id, and returns that id."""
    async with aiohttp.ClientSession(url, connector=aiohttp.TCPConnector(limit=0)) as session:

        async def fetch(first_id: str) -> str:
            async with session.get(paths[first_id]) as answer:
                found = await answer.read()
            return str(rows_of(answer.status, found)[0]["id"])

        yield fetch


def rows_of(status: int, answer: bytes) -> list[Row]:
    """
    Return the rows of an answer of any side.

    Raises:
        NotRead: It is not a whole page.
    """
    found = orjson.loads(answer)
    rows: list[Row] = found.get("items", []) if isinstance(found, dict) else found
    if status != HTTPStatus.OK or len(rows) != LENGTH:
        raise NotRead(f"{status} {answer[:100]!r}")
    return rows
