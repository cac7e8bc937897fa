"""The peer's half that keeps the orders: it takes a token, asks for the stock in plaintext, and writes the order."""

import asyncio
import socket
from multiprocessing.connection import Connection
from typing import Any
from uuid import UUID

import aiohttp
import asyncpg
import jwt
import orjson
import uvloop
from aiohttp import web

from benchmarks.scenarios.orders.plain_server import POOL_SIZE, as_json, serve_until_killed
from chassis.core.ids import new_id

_WRITE = """
    WITH placed AS (
        INSERT INTO orders (id, user_id, status, cause, currency, total_price_minor)
        VALUES ($1, $2, 'confirmed', 'stock_committed', $3, $4)
        RETURNING id, created_at
    ), line AS (
        INSERT INTO order_lines (order_id, position, product_id, quantity, name, unit_price_minor)
        SELECT id, 0, $5, $6, $7, $8 FROM placed
    )
    SELECT created_at FROM placed
"""


def serve(pipe: Connection, listener: socket.socket, database: str, product_url: str, public_key: bytes) -> None:
    """Serve on *listener* until killed."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(pipe, listener, database, product_url, public_key))


async def _serve(pipe: Connection, listener: socket.socket, database: str, product_url: str, public_key: bytes) -> None:
    async with (
        asyncpg.create_pool(database, min_size=POOL_SIZE, max_size=POOL_SIZE) as pool,
        aiohttp.ClientSession(product_url) as products,
    ):
        shop = _Shop(pool, products, jwt.PyJWK.from_json(public_key.decode()))
        app = web.Application()
        app.router.add_post("/api/v1/orders", shop.place)
        await serve_until_killed(app, pipe, listener)


class _Shop:
    def __init__(self, pool: "asyncpg.Pool[Any]", products: aiohttp.ClientSession, key: jwt.PyJWK) -> None:
        self._pool = pool
        self._products = products
        self._key = key

    async def place(self, request: web.Request) -> web.Response:
        """Take what is wanted out of the stock, then write the order. If one dies in between, the units are lost."""
        token = request.headers["Authorization"].removeprefix("Bearer ")
        user = jwt.decode(token, self._key, ["ES256"], audience="sealed-services", issuer="user")["sub"]
        wanted, order_id = orjson.loads(await request.read()), new_id()
        reserved = await self._reserve({"order_id": str(order_id), **wanted})
        price, quantity = reserved["price_minor"], wanted["quantity"]
        line = UUID(wanted["product_id"]), quantity, reserved["name"], price
        created_at = await self._pool.fetchval(
            _WRITE, order_id, UUID(user), reserved["currency"], price * quantity, *line
        )
        return as_json(
            {
                "id": str(order_id), "user_id": user, "status": "confirmed", "cause": "stock_committed",
                "items": [{**wanted, "name": reserved["name"], "unit_price": price / 100}],
                "total_price": price * quantity / 100, "currency": reserved["currency"], "created_at": created_at,
            },
            201,
        )  # fmt: skip

    async def _reserve(self, wanted: dict[str, Any]) -> dict[str, Any]:
        async with self._products.post("/reservations", data=orjson.dumps(wanted)) as answer:
            answer.raise_for_status()
            reserved: dict[str, Any] = orjson.loads(await answer.read())
            return reserved
