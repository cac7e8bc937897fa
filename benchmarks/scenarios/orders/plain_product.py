"""The peer's half that keeps the stock: what is left of it without sealing, saga, keys, outbox and framework."""

import asyncio
import socket
from multiprocessing.connection import Connection
from uuid import UUID

import asyncpg
import orjson
import uvloop
from aiohttp import web

from benchmarks.scenarios.orders.plain_server import POOL_SIZE, as_json, serve_until_killed
from chassis.core.ids import new_id

_TAKE = """
    WITH taken AS (
        UPDATE products SET stock = stock - $3
        WHERE id = $2 AND stock >= $3 AND deleted_at IS NULL
        RETURNING id, name, price_minor, currency
    ), reservation AS (
        INSERT INTO reservations (order_id, state, expires_at) SELECT $1, 'committed', now() FROM taken
    ), line AS (
        INSERT INTO reservation_lines (order_id, product_id, quantity, unit_price_minor, currency, name)
        SELECT $1, id, $3::int, price_minor, currency, name FROM taken
    ), movement AS (
        INSERT INTO stock_movements (id, product_id, quantity, kind, order_id)
        SELECT $4, id, -$3::bigint, 'reservation', $1 FROM taken
    )
    SELECT name, price_minor, currency FROM taken
"""
"""All in one statement, so one round trip and one transaction; asyncpg prepares it once per connection."""


def serve(pipe: Connection, listener: socket.socket, database: str) -> None:
    """Serve on *listener* until killed."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(pipe, listener, database))


async def _serve(pipe: Connection, listener: socket.socket, database: str) -> None:
    async with asyncpg.create_pool(database, min_size=POOL_SIZE, max_size=POOL_SIZE) as pool:

        async def reserve(request: web.Request) -> web.Response:
            wanted = orjson.loads(await request.read())
            ids = UUID(wanted["order_id"]), UUID(wanted["product_id"])
            taken = await pool.fetchrow(_TAKE, *ids, wanted["quantity"], new_id())
            return as_json(dict(taken), 201) if taken else as_json({"code": "insufficient_stock"}, 409)

        app = web.Application()
        app.router.add_post("/reservations", reserve)
        await serve_until_killed(app, pipe, listener)
