"""What both halves of the peer have in common."""

import asyncio
import socket
from multiprocessing.connection import Connection

import orjson
from aiohttp import web

POOL_SIZE = 10
"""Database connections of a process; as many as ours has."""


async def serve_until_killed(app: web.Application, pipe: Connection, listener: socket.socket) -> None:
    """Serve, and say through the pipe once that is so."""
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.SockSite(runner, listener).start()
    pipe.send("ready")
    await asyncio.Event().wait()


def as_json(value: object, status: int) -> web.Response:
    """Answer with JSON."""
    return web.Response(body=orjson.dumps(value), status=status, content_type="application/json")
