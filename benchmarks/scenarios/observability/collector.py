"""Takes traces and error reports, and forgets them: what an operator runs elsewhere, in as few words as possible."""

import asyncio
import re
import socket
from multiprocessing.connection import Connection

import uvloop

from benchmarks.processes import end_with_parent

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"


def serve(pipe: Connection, listener: socket.socket) -> None:
    """Answer 200 to everything, until the parent is gone."""
    end_with_parent(pipe)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(pipe, listener))


async def _serve(pipe: Connection, listener: socket.socket) -> None:
    async with await asyncio.start_server(_answer, sock=listener) as server:
        pipe.send("ready")
        await server.serve_forever()


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = _LENGTH.search(head)
            await reader.readexactly(int(length[1]) if length else 0)
            writer.write(_ANSWER)
    except (EOFError, ConnectionError):
        writer.close()
