"""
What the dispatcher needs of HTTP: one request out, one whole answer back.

``DISPATCH_TRANSPORT`` names the implementation (transports.py); tests/dispatch/test_transport.py holds each to this.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any, Protocol
from urllib.parse import quote, urlencode

from chassis.core import json as strict_json
from chassis.core.deadline import Clock

MAX_ANSWER_BYTES = 4 * 1024 * 1024
CONNECT_TIMEOUT_S = 2.0
KEEP_ALIVE_S = 4.0
"""Shorter than the server's 5 s, so that a connection is not picked up just as the server closes it."""
CALLS_AT_A_TIME = 50
"""Of one transport."""
_UNESCAPED = "/!$&'()*+,;=:@"
"""What may stand in a path as it is (RFC 3986, 3.3), beside letters, digits and -._~."""

Headers = Sequence[tuple[str, str]]


class TransportError(Exception):
    """No usable answer came over the wire."""


class ConnectFailed(TransportError):
    """No connection: the request was not sent."""


class TimedOut(TransportError):
    """No whole answer in time: the request may have had its effect."""


class ConnectionBroken(TransportError):
    """The connection broke: the request may have had its effect."""


class AnswerTooLarge(TransportError):
    """The answer is over the cap: the request had its effect."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:  # noqa: ANN401 - JSON is what it is
        """
        Parse the body; None if there is none.

        Raises:
            InvalidJson: Not JSON.
        """
        return strict_json.loads(self.body) if self.body else None


@dataclass(frozen=True, slots=True)
class Address:
    """Where a request goes; its raw path and query are those that go over the wire."""

    url: str
    path: str
    query: str


class Transport(Protocol):
    """A pool of connections to one target, to be made after fork and closed at the end."""

    async def send(self, method: str, address: Address, headers: Headers, body: bytes, timeout: float) -> Answer:
        """
        Send one request and read the whole answer within *timeout* seconds; retries nothing, follows no redirect.

        Raises:
            ConnectFailed: Not sent.
            TimedOut: No whole answer in time.
            ConnectionBroken: Cut off.
            AnswerTooLarge: Over 4 MiB.
        """

    async def aclose(self) -> None:
        """Close every connection."""


def address_of(base_url: str, path: str, query: Mapping[str, str | int] | None = None) -> Address:
    """Return the address of *path* (unescaped) at a service."""
    raw_path = quote(path, safe=_UNESCAPED)
    raw_query = urlencode(query) if query else ""
    separator = "?" if raw_query else ""
    return Address(f"{base_url}{raw_path}{separator}{raw_query}", raw_path, raw_query)


def describe(error: Exception) -> str:
    """Describe an error for people."""
    return f"{type(error).__name__}: {error}"


class Slots:
    """
    Lets a number of calls run and the others wait, in asyncio, where a cancelled call leaves the queue at once.

    The pools of HTTP clients are not asked to do this: some lose a slot with a cancelled call, some send a call that
    was cancelled in their queue.
    """

    def __init__(self, number: int = CALLS_AT_A_TIME, clock: Clock = monotonic) -> None:
        self._free = asyncio.Semaphore(number)
        self._clock = clock

    async def take(self, timeout: float) -> float:
        """
        Take a slot, to be given back with ``release``; returns the seconds that are left of *timeout*.

        Raises:
            ConnectFailed: None became free in time.
        """
        if not self._free.locked():
            await self._free.acquire()
            return timeout
        begun = self._clock()
        try:
            async with asyncio.timeout(timeout):
                await self._free.acquire()
        except TimeoutError as error:
            raise ConnectFailed("no connection became free in time") from error
        return max(timeout - (self._clock() - begun), 0.001)

    def release(self) -> None:
        """Return a slot."""
        self._free.release()
