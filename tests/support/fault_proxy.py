"""A proxy between a caller and a service that injects faults: cuts, resets, loses, holds or swaps answers."""

import asyncio
import re
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

_CONTENT_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CLOSE_AT_ONCE = struct.pack("ii", 1, 0)


async def read_message(reader: asyncio.StreamReader) -> bytes:
    """
    Read one HTTP/1.1 message with a Content-Length, or without a body.

    Raises:
        EOFError: The connection ends before the message does.
    """
    head = await reader.readuntil(b"\r\n\r\n")
    length = _CONTENT_LENGTH.search(head)
    return head + await reader.readexactly(int(length[1]) if length else 0)


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request on its way through a ``FaultProxy``, before it is forwarded."""

    request: bytes
    _service: str
    _caller: asyncio.StreamWriter

    async def forward(self) -> bytes:
        """Forward the request, and return the whole answer, which the caller does not have yet."""
        address = urlsplit(self._service)
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        try:
            writer.write(self.request)
            return await read_message(reader)
        finally:
            writer.close()

    async def answer(self, data: bytes) -> None:
        """Send *data* to the caller, a whole answer or not."""
        self._caller.write(data)
        await self._caller.drain()

    def cut(self) -> None:
        """Close the connection to the caller cleanly, even in the middle of an answer."""
        self._caller.close()

    def reset(self) -> None:
        """Reset the connection to the caller."""
        _reset(self._caller)


def _reset(writer: asyncio.StreamWriter) -> None:
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _CLOSE_AT_ONCE)
    writer.transport.abort()


Fault = Callable[[Exchange], Awaitable[None]]
"""How a ``FaultProxy`` handles an exchange."""


class FaultProxy:
    """
    A proxy between a caller and a service that injects faults.

    Args:
        service: The service's base address; like the fault it may be changed at any time.
        fault: What to do with each exchange.
        resets_unread: Whether each connection is reset before its request is read.

    Attributes:
        address: The base address for callers.
        seen: The number of requests.
    """

    def __init__(self, service: str, fault: Fault, *, resets_unread: bool = False) -> None:
        self.service = service
        self.fault = fault
        self._resets_unread = resets_unread
        self.address = ""
        self.seen = 0
        self._callers: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.address = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_error: object) -> None:
        self._server.close()
        for caller in self._callers:
            caller.cancel()
        await asyncio.gather(*self._callers, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._resets_unread:
            _reset(writer)
            return
        caller = asyncio.create_task(self._serve(reader, writer))
        self._callers.add(caller)
        caller.add_done_callback(self._callers.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while not writer.is_closing():
                request = await read_message(reader)
                self.seen += 1
                await self.fault(Exchange(request, self.service, writer))
        except (EOFError, ConnectionError):
            pass  # one side has disconnected
        finally:
            writer.close()


async def passing(exchange: Exchange) -> None:
    """Inject no fault."""
    await exchange.answer(await exchange.forward())


async def cutting(exchange: Exchange) -> None:
    """Close the connection in the middle of the answer."""
    answer = await exchange.forward()
    await exchange.answer(answer[: len(answer) - 20])
    exchange.cut()


async def resetting(exchange: Exchange) -> None:
    """Reset the connection in the middle of the answer."""
    answer = await exchange.forward()
    await exchange.answer(answer[: len(answer) - 20])
    exchange.reset()


async def losing(exchange: Exchange) -> None:
    """Let the service do its work, and reset the connection before the first byte of the answer."""
    await exchange.forward()
    exchange.reset()


async def holding(exchange: Exchange) -> None:
    """Let the service do its work, and never answer the caller."""
    await exchange.forward()
    await asyncio.Event().wait()


def saying(answer: bytes) -> Fault:
    """Send *answer* instead of the service's, without forwarding the request."""

    async def say(exchange: Exchange) -> None:
        await exchange.answer(answer)

    return say


def swapping() -> Fault:
    """Send each of two callers the valid answer of the other."""
    meeting: list[tuple[bytes, asyncio.Future[bytes]]] = []

    async def swap(exchange: Exchange) -> None:
        answer = await exchange.forward()
        if meeting:
            other, waiting = meeting.pop()
            waiting.set_result(answer)
            await exchange.answer(other)
        else:
            waiting = asyncio.get_running_loop().create_future()
            meeting.append((answer, waiting))
            await exchange.answer(await waiting)

    return swap
