"""
The attacks; ``python -m chaos.scenarios.attack.attacks NAME PORT SECONDS [tls]`` is one attack in a process.

Each attack is bounded in connections, bytes and time, and uses addresses of this machine only.
"""

import asyncio
import os
import ssl
import sys
from asyncio import StreamReader, StreamWriter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic

PIECE = 64 * 1024
MOST_POURED = 64 * 1024 * 1024
"""The most bytes that one connection sends."""
SOURCE = "127.0.0.2"
"""The attackers' address: the edge counts requests by address."""
_PAUSE_S = 1.0
_MOST_NEW = 300
"""Connections opened per second: the subject is how a service handles them, not how fast it accepts them."""
_REFRESH, _LOGIN, _PROFILE = "/api/v1/users/refresh", "/api/v1/users/login", "/api/v1/users/profile"
_FORM = "application/x-www-form-urlencoded"

Act = Callable[[StreamReader, StreamWriter], Awaitable[None]]
"""The attack on one connection, which the other side may end at any moment."""


@dataclass(frozen=True, slots=True)
class Attack:
    """This many connections, which each repeat the same with a second's pause in between."""

    connections: int
    act: Act


def _head(method: str, path: str, *headers: str) -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/1.1", "host: attacked", *headers, "", ""]).encode()


def _open_head() -> bytes:
    return f"GET {_PROFILE} HTTP/1.1\r\nhost: attacked\r\n".encode()


def ask(method: str, path: str, body: bytes = b"", kind: str = "application/json") -> Act:
    """Send a request and read the answer."""
    request = _head(method, path, f"content-type: {kind}", f"content-length: {len(body)}", "connection: close") + body

    async def act(reader: StreamReader, writer: StreamWriter) -> None:
        writer.write(request)
        while await reader.read(PIECE):
            pass

    return act


def pour(begin: bytes, piece: bytes) -> Act:
    """Send a beginning, then repeat the same bytes until cut off."""

    async def act(_reader: StreamReader, writer: StreamWriter) -> None:
        writer.write(begin)
        for _ in range(MOST_POURED // len(piece)):
            writer.write(piece)
            await writer.drain()

    return act


def hold(begin: bytes) -> Act:
    """Send a beginning, and then nothing."""

    async def act(reader: StreamReader, writer: StreamWriter) -> None:
        writer.write(begin)
        while await reader.read(PIECE):
            pass

    return act


def trickle(begin: bytes, piece: bytes) -> Act:
    """Send a beginning, then a few bytes ten times a second."""

    async def act(_reader: StreamReader, writer: StreamWriter) -> None:
        writer.write(begin)
        while True:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.1)

    return act


def _chunked(part: bytes) -> bytes:
    return _head("POST", _REFRESH, "content-type: application/json", "transfer-encoding: chunked") + part


_FIELDS = b"{%b}" % b",".join(b'"%06x":0' % number for number in range(23_000))
_FEW_FIELDS = b"{%b}" % b",".join(b'"%06x":0' % number for number in range(2_000))
_PARTIAL = _head("POST", _REFRESH, "content-type: application/json", "content-length: 250000") + b" " * 249_999

CONTROL = "40 ordinary requests a second"
"""No attack: its effect on a bystander is the machine's noise."""
ATTACKS = {
    CONTROL: Attack(40, ask("POST", _REFRESH, b'{"refresh_token":"unknown"}')),
    "25,000 unknown keys": Attack(40, ask("POST", _REFRESH, _FIELDS)),
    "2,000 unknown keys": Attack(40, ask("POST", _REFRESH, _FEW_FIELDS)),
    "25,000 unknown keys to log in with": Attack(40, ask("POST", _LOGIN, _FIELDS)),
    "200 connections with 25,000 keys": Attack(200, ask("POST", _REFRESH, _FIELDS)),
    "85,000 lists": Attack(40, ask("POST", _REFRESH, b"[%b[]]" % (b"[]," * 85_000))),
    "2,000 lists": Attack(40, ask("POST", _REFRESH, b"[%b[]]" % (b"[]," * 1_999))),
    "a deep tree": Attack(40, ask("POST", _REFRESH, b'{"a":' * 40_000)),
    "80,000 fields of a form": Attack(40, ask("POST", _LOGIN, b"a=&" * 80_000, _FORM)),
    "4,000 parameters": Attack(40, ask("GET", f"{_PROFILE}?{'a&' * 3_900}")),
    "a sealed request of 80,000 lists": Attack(
        40, ask("POST", "/api/v1/users/register", b'{"encrypted_data":[%b[]]}' % (b"[]," * 80_000))
    ),
    "endless headers": Attack(4, pour(_open_head(), b"a: b\r\n" * (PIECE // 6))),
    "an endless header": Attack(4, pour(_open_head() + b"a: ", b"x" * PIECE)),
    "an endless address": Attack(4, pour(b"GET /", b"x" * PIECE)),
    "endless trailers": Attack(4, pour(_chunked(b"0\r\n"), b"a: b\r\n" * (PIECE // 6))),
    "requests without waiting for answers": Attack(4, pour(b"", _head("GET", _PROFILE) * 1_000)),
    "trickled headers": Attack(200, trickle(_open_head(), b"a: b\r\n")),
    "900 silent connections": Attack(900, hold(b"")),
    "900 bodies of one byte": Attack(900, hold(_chunked(b"1\r\n{\r\n"))),
    "100 bodies that lack a byte": Attack(100, hold(_PARTIAL)),
}


async def attack(name: str, port: int, seconds: float, tls: ssl.SSLContext | None) -> None:
    """Attack until the time is up."""
    ends = monotonic() + seconds
    what = ATTACKS[name]
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            waits = (_PAUSE_S * number / min(what.connections, _MOST_NEW) for number in range(what.connections))
            await asyncio.gather(*(_repeat(what, port, wait, ends, tls) for wait in waits))


async def _repeat(what: Attack, port: int, wait: float, ends: float, tls: ssl.SSLContext | None) -> None:
    await asyncio.sleep(wait)  # otherwise all connections would start at the same moment, again and again
    while monotonic() < ends:
        with suppress(OSError, EOFError):  # the other side should end it
            reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=tls, local_addr=(SOURCE, 0))
            try:
                await what.act(reader, writer)
            finally:
                writer.transport.abort()
        await asyncio.sleep(_PAUSE_S)


def unverified() -> ssl.SSLContext:
    """Accept the edge's self-signed certificate."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


if __name__ == "__main__":
    os.nice(10)  # real attackers would not use the service's CPU
    _name, _port, _seconds, *_tls = sys.argv[1:]
    asyncio.run(attack(_name, int(_port), float(_seconds), unverified() if _tls else None))
