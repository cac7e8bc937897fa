"""Serving a peer in a child process, as our services are served: by uvicorn, on a listener that exists already."""

import socket
from multiprocessing.connection import Connection
from typing import Any

import uvicorn

from benchmarks.processes import run_on_uvloop


def serve(app: Any, pipe: Connection, listener: socket.socket) -> None:  # noqa: ANN401 - any ASGI application
    """Serve an application on *listener*, until killed; reports through the pipe when ready."""
    run_on_uvloop(serve_until_killed(app, pipe, listener))


async def serve_until_killed(app: Any, pipe: Connection, listener: socket.socket) -> None:  # noqa: ANN401
    """Serve, and report through the pipe when ready. No access log: ours is the only side that writes one."""
    server = _Server(uvicorn.Config(app, log_level="warning", access_log=False), pipe)
    await server.serve(sockets=[listener])


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, pipe: Connection) -> None:
        super().__init__(config)
        self._pipe = pipe

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._pipe.send("ready")
