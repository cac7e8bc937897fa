"""A FastAPI application under uvicorn, as one worker of a server."""

import socket
from collections.abc import Callable
from multiprocessing.connection import Connection

import uvicorn
from fastapi import FastAPI

from benchmarks.processes import end_with_parent


def serve(pipe: Connection, listener: socket.socket, build: Callable[[], FastAPI]) -> None:
    """Serve what *build* makes on *listener*, which workers share; says the port when ready."""
    end_with_parent(pipe)
    config = uvicorn.Config(
        build, factory=True, loop="uvloop", http="httptools", access_log=False, log_level="warning",
        timeout_graceful_shutdown=1,
    )  # fmt: skip
    _Server(config, lambda: pipe.send(listener.getsockname()[1])).run(sockets=[listener])


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()
