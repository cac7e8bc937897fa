"""
The HTTP transport of the dispatcher: it sends one request and returns one whole answer.

``DISPATCH_TRANSPORT`` selects the implementation (transports.py); tests/dispatch/test_transport.py tests each.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any, Protocol
from urllib.parse import quote, urlencode

from chassis.core import json as strict_json
from chassis.core.deadline import Clock

MAX_ANSWER_BYTES = 4 * 1024 * 1024
CONNECT_TIMEOUT_S = 2.0
KEEP_ALIVE_S = 4.0
"""Shorter than the server's 5 s, so that a connection is not reused just as the server closes it."""
CALLS_AT_A_TIME = 50
"""Calls of one transport that may be under way."""
_UNESCAPED = "/!$&'()*+,;=:@"
"""Characters that a path may contain unescaped (RFC 3986, 3.3), besides letters, digits and -._~."""

Headers = Sequence[tuple[str, str]]
Query = Mapping[str, str | int | Sequence[str]]
"""Parameters of a query by name; one with several values occurs once for each."""


class TransportError(Exception):
    """The transport received no usable answer."""


class ConnectFailed(TransportError):
    """No connection was made: the request was not sent."""


class TimedOut(TransportError):
    """No whole answer came in time: the request may have had its effect."""


class ConnectionBroken(TransportError):
    """The connection broke: the request may have had its effect."""


class AnswerTooLarge(TransportError):
    """The answer exceeds the size limit: the request had its effect."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:  # noqa: ANN401 - any JSON value
        """
        Parse the body; return None if it is empty.

        Raises:
            InvalidJson: The body is not JSON.
        """
        return strict_json.loads(self.body) if self.body else None


@dataclass(frozen=True, slots=True)
class StreamedAnswer:
    """An answer whose body arrives in parts; the names of its headers are in lower case, and may occur twice."""

    status: int
    headers: Headers
    body: AsyncGenerator[bytes]


@dataclass(frozen=True, slots=True)
class Address:
    """The address of a request; path and query are raw, as they are sent."""

    url: str
    path: str
    query: str


class Transport(Protocol):
    """A pool of connections to one target; created after the fork and closed at the end."""

    async def send(self, method: str, address: Address, headers: Headers, body: bytes, timeout: float) -> Answer:
        """
        Send one request and return the whole answer within *timeout* seconds, without retries or redirects.

        Raises:
            ConnectFailed: The request was not sent.
            TimedOut: No whole answer came in time.
            ConnectionBroken: The connection broke.
            AnswerTooLarge: The answer is over 4 MiB.
        """

    async def aclose(self) -> None:
        """Close every connection."""


def address_of(base_url: str, path: str, query: Query | None = None) -> Address:
    """Return the address of *path* (unescaped) at a service."""
    return raw_address(base_url, quote(path, safe=_UNESCAPED), urlencode(query, doseq=True) if query else "")


def raw_address(base_url: str, path: str, query: str) -> Address:
    """Return the address at a service of a path and a query that are escaped already."""
    return Address(f"{base_url}{path}?{query}" if query else base_url + path, path, query)


def describe(error: Exception) -> str:
    """Describe an error for people."""
    return f"{type(error).__name__}: {error}"


class Slots:
    """
    Limits the number of running calls. Further calls wait in asyncio, where a cancelled call leaves the queue at once.

    The pools of HTTP clients are not used for this: some lose a slot when a call is cancelled, and some send a call
    that was cancelled in their queue.
    """

    def __init__(self, number: int = CALLS_AT_A_TIME, clock: Clock = monotonic) -> None:
        self._free = asyncio.Semaphore(number)
        self._clock = clock

    async def take(self, timeout: float) -> float:
        """
        Take a slot and return the remaining seconds of *timeout*; ``release`` returns the slot.

        Raises:
            ConnectFailed: No slot became free in time.
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
