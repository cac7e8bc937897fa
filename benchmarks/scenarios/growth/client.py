"""The client of both sides: a process that orders, reads, lists and logs in, as its tasks describe in words."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import aiohttp
import orjson

from benchmarks.load import Fetch


class NotAnswered(Exception):
    """The answer was not a success, or its list was empty; carries the status, and the code of the problem."""


@asynccontextmanager
async def shop_at(urls: Mapping[str, str], tokens: Mapping[str, str], password: str) -> AsyncIterator[Fetch]:
    """
    Return a function that does what a text describes, and returns the text.

    Args:
        urls: The services' addresses, by the collection in their paths: ``orders``, ``products``, ``users``.
        tokens: Access tokens of the ``person`` and the ``admin``.
        password: Of every account.
    """
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        shop = _Shop(session, urls, tokens, password)

        async def fetch(wanted: str) -> str:
            verb, _, rest = wanted.partition(" ")
            await getattr(shop, verb)(rest)
            return wanted

        yield fetch


class _Shop:
    """The verbs of the tasks."""

    def __init__(
        self, session: aiohttp.ClientSession, urls: Mapping[str, str], tokens: Mapping[str, str], password: str
    ) -> None:
        self._session = session
        self._urls = urls
        self._tokens = tokens
        self._password = password
        self._refresh_tokens = dict[str, str]()
        self._next = dict[str, str]()

    async def order(self, product_id: str) -> None:
        """Order a unit of a product."""
        placed = await self._send("person", "orders", {"product_id": product_id, "quantity": 1})
        if placed["status"] != "confirmed":
            raise NotAnswered(placed["status"])

    async def cancel(self, order_id: str) -> None:
        """Cancel an order."""
        await self._send("admin", f"orders/{order_id}/cancel", {})

    async def own(self, path: str) -> None:
        """Read as the person."""
        await self._read("person", path)

    async def read(self, path: str) -> None:
        """Read as the admin."""
        await self._read("admin", path)

    async def walk(self, path: str) -> None:
        """Read the page after the one that was read last; the first one after the last."""
        cursor = self._next.get(path)
        page = await self._read("admin", f"{path}&cursor={cursor}" if cursor else path)
        self._next[path] = page["next_cursor"]

    async def login(self, name: str) -> None:
        """Log in."""
        await self._log_in(name)

    async def refresh(self, name: str) -> None:
        """Refresh the tokens of an account's session, which begins with the first call."""
        token = self._refresh_tokens.get(name) or (await self._log_in(name))["refresh_token"]
        fresh = await self._send("", "users/refresh", {"refresh_token": token})
        self._refresh_tokens[name] = fresh["refresh_token"]

    async def _log_in(self, name: str) -> Any:  # noqa: ANN401 - JSON
        return await self._send("", "users/login", {"username": name, "password": self._password})

    async def _read(self, reader: str, path: str) -> Any:  # noqa: ANN401 - JSON
        async with self._session.get(self._url(path), headers=self._headers(reader)) as answer:
            found = await _content(answer)
        if not found.get("items", True):
            raise NotAnswered("an empty list")
        return found

    async def _send(self, sender: str, path: str, body: Any) -> Any:  # noqa: ANN401 - JSON
        headers = self._headers(sender) | ({"Idempotency-Key": str(uuid4())} if sender else {})
        async with self._session.post(self._url(path), json=body, headers=headers) as answer:
            return await _content(answer)

    def _headers(self, who: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._tokens[who]}"} if who else {}

    def _url(self, path: str) -> str:
        collection = path.replace("?", "/").partition("/")[0]
        return f"{self._urls[collection]}/api/v1/{path}"


async def _content(answer: aiohttp.ClientResponse) -> Any:  # noqa: ANN401 - JSON
    found = orjson.loads(await answer.read())
    if answer.status not in (HTTPStatus.OK, HTTPStatus.CREATED):
        raise NotAnswered(f"{answer.status} {found.get('code')}")
    return found
