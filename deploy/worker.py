"""gunicorn's worker: uvicorn, shutting down without losing a connection."""

import asyncio
import gc
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, ClassVar

from gunicorn.arbiter import Arbiter
from uvicorn.server import HANDLED_SIGNALS, Server
from uvicorn_worker import UvicornWorker

FIRST_BYTES_S = 0.2
"""How long a connection accepted during shutdown may take to send its request."""
TICK_S = 1.0
"""How often the date header is renewed, and the number of requests and the heartbeat's time are checked."""


class DrainingWorker(UvicornWorker):
    """Like its parent, with a draining server and a protocol with limits (chassis/web/http_protocol.py)."""

    # By name: the master loads this class before it empties the folder of the workers' metrics.
    CONFIG_KWARGS: ClassVar[dict[str, Any]] = {
        "loop": "auto",
        "http": "chassis.web.http_protocol:LimitedProtocol",
        "ws": "none",
        "server_header": False,
    }

    def run(self) -> None:
        """Serve until a signal ends the process."""
        self.config.app = self.wsgi
        server = DrainingServer(config=self.config)
        # The objects built by now live as long as the process. Scanning them in each full garbage collection would stop
        # the event loop for 0.1 s.
        gc.collect()
        gc.freeze()
        server.run(sockets=self.sockets)
        if not server.started:
            sys.exit(Arbiter.WORKER_BOOT_ERROR)


class DrainingServer(Server):
    """
    Serves every connection that was made before it stopped listening.

    uvicorn's own shutdown resets connections that wait to be accepted, and closes accepted ones without a request yet.
    Those are the requests of a millisecond, which a balancer cannot repeat unless they are idempotent.

    uvicorn wakes up ten times a second to notice a signal, which is most of what an idle worker does. Here the signal
    wakes it up.
    """

    _told: asyncio.Event
    _loop: asyncio.AbstractEventLoop | None = None

    async def main_loop(self) -> None:
        """Serve until a signal, or until the most requests of a worker have been served."""
        self._loop, self._told = asyncio.get_running_loop(), asyncio.Event()
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                async with asyncio.timeout(TICK_S):
                    await self._told.wait()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Note the signal, and end the wait of ``main_loop``."""
        super().handle_exit(sig, frame)
        if self._loop:
            self._loop.call_soon_threadsafe(self._told.set)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """
        End at a signal, including SIGQUIT, which gunicorn sends for a quick shutdown.

        uvicorn raises the signals again after its shutdown: the process would end before all log lines are written.
        """
        before = {number: signal.signal(number, self.handle_exit) for number in (*HANDLED_SIGNALS, signal.SIGQUIT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop listening, serve the accepted connections, close."""
        last = [sock.dup() for sock in sockets or []]  # the queue of connections exists while one handle is open
        for server in self.servers:
            server.close()
        for sock in sockets or []:
            sock.close()
        await asyncio.sleep(0.01)  # the loop closes its own handles
        await self._serve_all([connection for listener in last for connection in _accept_and_close(listener)])
        await asyncio.sleep(FIRST_BYTES_S)
        await super().shutdown()

    async def _serve_all(self, connections: list[socket.socket]) -> None:
        loop = asyncio.get_running_loop()
        for connection in connections:
            connection.setblocking(False)
            await loop.connect_accepted_socket(self._make_protocol, connection)

    def _make_protocol(self) -> asyncio.Protocol:
        make = self.config.http_protocol_class
        return make(config=self.config, server_state=self.server_state, app_state=self.lifespan.state)  # type: ignore[call-arg]


def _accept_and_close(listener: socket.socket) -> Iterator[socket.socket]:
    with listener:
        while True:
            try:
                connection, _address = listener.accept()
            except BlockingIOError:
                return
            yield connection
