"""Real servers in the event loop of the tests, and a service without a database."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, nullcontext

import uvicorn
from starlette.types import ASGIApp

from chassis.core.clock import unix_ms
from chassis.web.http_protocol import LimitedProtocol


@asynccontextmanager
async def serve(app: ASGIApp, port: int = 0) -> AsyncIterator[str]:
    """Run *app* on a real server in this event loop, on any free port by default; yields its base address."""
    with socket.create_server(("127.0.0.1", port)) as listener:
        # asyncio does not set it on such a socket: each answer would wait 40 ms for an acknowledgement of its headers.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        config = uvicorn.Config(
            app, http=LimitedProtocol, ws="none", log_config=None, access_log=False, server_header=False, lifespan="on"
        )
        server = _Server(config)
        task = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:
            await asyncio.sleep(0)
            if task.done():
                task.result()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await task


@contextmanager
def reserved_port() -> Iterator[int]:
    """Keep a free port for the block: the kernel chooses it for no other socket, and ``serve`` can listen on it."""
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


class _Server(uvicorn.Server):
    """A server that leaves signals to the tests."""

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        return nullcontext()


class NoDatabase:
    """A store for a service without data; it accepts every nonce as new."""

    name = "nothing"

    async def open(self) -> None:
        """Do nothing."""

    async def close(self) -> None:
        """Do nothing."""

    async def check(self) -> int:
        """Be available, and return the time."""
        return unix_ms()

    async def describe(self) -> Mapping[str, object]:
        """Return the kind."""
        return {"kind": self.name}

    async def claim(self, issuer: str, request_id: str) -> bool:  # noqa: ARG002 - the protocol's names
        """Accept every nonce as new."""
        return True

    async def purge_expired(self) -> None:
        """Do nothing."""
