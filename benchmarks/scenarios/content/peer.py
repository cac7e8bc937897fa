"""
The same list by hand: one query on asyncpg's pool, answered by a bare ASGI function.

PostgREST's way is to let PostgreSQL write the JSON. The other way is to write it from the rows with orjson. Neither
checks a request, signs a cursor, answers an ETag, counts or logs. A client sends the key of the row after which to
begin.
"""

import socket
from collections.abc import Awaitable, Callable
from datetime import datetime
from multiprocessing.connection import Connection
from typing import Any
from urllib.parse import parse_qsl

import asyncpg
import orjson

from benchmarks.processes import run_on_uvloop
from benchmarks.serving import serve_until_killed

BY_POSTGRES, BY_ORJSON = "json_agg", "orjson"
LENGTH = 100
"""Rows of a page."""
_POOL_SIZE = 10
"""Database connections; as many as a process of ours has."""
_ROWS = f"""
    SELECT id, slug, title, status::text, coalesce(tags, '{{}}') AS tags, "authorId"::text AS author_id,
           "sectionId" AS section_id, timezone('UTC', "publishedAt") AS published_at,
           timezone('UTC', "createdAt") AS created_at, timezone('UTC', "updatedAt") AS updated_at
    FROM public."Page" WHERE status = 'PUBLISHED' AND ("createdAt", id) < ($1, $2)
    ORDER BY "createdAt" DESC, id DESC LIMIT {LENGTH}
"""  # noqa: S608 - a number of ours
_JSON = f"SELECT coalesce(json_agg(page), '[]')::text FROM ({_ROWS}) AS page"  # noqa: S608

Read = Callable[[datetime, str], Awaitable[bytes]]


def serve_pages(pipe: Connection, listener: socket.socket, database: str, way: str) -> None:
    """Serve the list on *listener*, until killed; *way* is one of the two."""
    run_on_uvloop(_serve(pipe, listener, database, way))


async def _serve(pipe: Connection, listener: socket.socket, database: str, way: str) -> None:
    async with asyncpg.create_pool(database, min_size=_POOL_SIZE, max_size=_POOL_SIZE) as pool:

        async def by_postgres(before: datetime, last_id: str) -> bytes:
            return str(await pool.fetchval(_JSON, before, last_id)).encode()

        async def by_orjson(before: datetime, last_id: str) -> bytes:
            return orjson.dumps(list(map(dict, await pool.fetch(_ROWS, before, last_id))))

        await serve_until_killed(_app({BY_POSTGRES: by_postgres, BY_ORJSON: by_orjson}[way]), pipe, listener)


def _app(read: Read) -> Any:  # noqa: ANN401 - an ASGI application
    async def app(scope: dict[str, Any], _receive: object, send: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
        assert scope["type"] == "http"
        query = dict(parse_qsl(scope["query_string"].decode()))
        body = await read(datetime.fromisoformat(query["before"]), query["id"])
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app
