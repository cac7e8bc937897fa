"""The same by hand: two aiohttp servers without sealing, saga, keys, outbox and framework, each with its tables."""

import asyncio
import socket
from multiprocessing.connection import Connection
from typing import Any
from uuid import UUID

import aiohttp
import asyncpg
import jwt
import orjson
from aiohttp import web

from benchmarks.processes import run_on_uvloop
from benchmarks.scenarios.orders.stores import dsn
from chassis.core.project import NAME
from chassis.core.types import new_id

_POOL_SIZE = 10
"""Database connections of a process; as many as one of ours has."""
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


def serve_products(pipe: Connection, listener: socket.socket, database: str) -> None:
    """Serve the half that holds the stock on *listener*, until killed."""
    run_on_uvloop(_serve_products(pipe, listener, database))


async def _serve_products(pipe: Connection, listener: socket.socket, database: str) -> None:
    async with asyncpg.create_pool(dsn(database), min_size=_POOL_SIZE, max_size=_POOL_SIZE) as pool:

        async def reserve(request: web.Request) -> web.Response:
            wanted = orjson.loads(await request.read())
            ids = UUID(wanted["order_id"]), UUID(wanted["product_id"])
            taken = await pool.fetchrow(_TAKE, *ids, wanted["quantity"], new_id())
            return _as_json(dict(taken), 201) if taken else _as_json({"code": "insufficient_stock"}, 409)

        app = web.Application()
        app.router.add_post("/reservations", reserve)
        await _serve_until_killed(app, pipe, listener)


def serve_orders(
    pipe: Connection, listener: socket.socket, database: str, product_url: str, public_key: bytes, issuer: str
) -> None:
    """Serve the half that verifies the token, reserves the stock in plaintext and writes the order, until killed."""
    run_on_uvloop(_serve_orders(pipe, listener, database, product_url, public_key, issuer))


async def _serve_orders(
    pipe: Connection, listener: socket.socket, database: str, product_url: str, public_key: bytes, issuer: str
) -> None:
    async with (
        asyncpg.create_pool(dsn(database), min_size=_POOL_SIZE, max_size=_POOL_SIZE) as pool,
        aiohttp.ClientSession(product_url) as products,
    ):
        shop = _Shop(pool, products, jwt.PyJWK.from_json(public_key.decode()), issuer)
        app = web.Application()
        app.router.add_post("/api/v1/orders", shop.place)
        await _serve_until_killed(app, pipe, listener)


class _Shop:
    def __init__(self, pool: "asyncpg.Pool[Any]", products: aiohttp.ClientSession, key: jwt.PyJWK, issuer: str) -> None:
        self._pool = pool
        self._products = products
        self._key = key
        self._issuer = issuer

    async def place(self, request: web.Request) -> web.Response:
        """Take the units from the stock, then write the order. If one half dies in between, the units are lost."""
        token = request.headers["Authorization"].removeprefix("Bearer ")
        user = jwt.decode(token, self._key, ["ES256"], audience=NAME, issuer=self._issuer)["sub"]
        wanted, order_id = orjson.loads(await request.read()), new_id()
        reserved = await self._reserve({"order_id": str(order_id), **wanted})
        price, quantity = reserved["price_minor"], wanted["quantity"]
        line = UUID(wanted["product_id"]), quantity, reserved["name"], price
        created_at = await self._pool.fetchval(
            _WRITE, order_id, UUID(user), reserved["currency"], price * quantity, *line
        )
        return _as_json(
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


async def _serve_until_killed(app: web.Application, pipe: Connection, listener: socket.socket) -> None:
    """Serve, and report through the pipe when ready."""
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.SockSite(runner, listener).start()
    pipe.send("ready")
    await asyncio.Event().wait()


def _as_json(value: object, status: int) -> web.Response:
    return web.Response(body=orjson.dumps(value), status=status, content_type="application/json")
