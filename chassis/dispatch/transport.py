"""
The wire, as the dispatcher sees it: one request out, one whole answer back.

``ReqwestTransport`` (reqwest.py) is what services use. ``HttpxTransport`` puts any transport of httpx in its place, a
scripted one in tests for instance; it is the only code that knows httpx.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote, urlencode

import httpx

from chassis.core import json as strict_json

MAX_ANSWER_BYTES = 4 * 1024 * 1024
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


class HttpxTransport:
    """Sends through a transport of httpx."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport

    async def send(self, method: str, address: Address, headers: Headers, body: bytes, timeout: float) -> Answer:
        """Send as ``Transport`` says."""
        limits = {"connect": timeout, "read": timeout, "write": timeout, "pool": timeout}
        request = httpx.Request(method, address.url, headers=headers, content=body, extensions={"timeout": limits})
        try:
            response = await self._transport.handle_async_request(request)
            content = await response.aread()
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise ConnectFailed(describe(error)) from error
        except httpx.TimeoutException as error:
            raise TimedOut(describe(error)) from error
        except httpx.TransportError as error:
            raise ConnectionBroken(describe(error)) from error
        if len(content) > MAX_ANSWER_BYTES:
            raise AnswerTooLarge(f"over {MAX_ANSWER_BYTES} bytes")
        return Answer(response.status_code, response.headers, content)

    async def aclose(self) -> None:
        """Close what carries the requests."""
        await self._transport.aclose()


def address_of(base_url: str, path: str, query: Mapping[str, str | int] | None = None) -> Address:
    """Give the address of *path* (unescaped) at a service."""
    raw_path = quote(path, safe=_UNESCAPED)
    raw_query = urlencode(query) if query else ""
    separator = "?" if raw_query else ""
    return Address(f"{base_url}{raw_path}{separator}{raw_query}", raw_path, raw_query)


def describe(error: Exception) -> str:
    """Say what went wrong, for people."""
    return f"{type(error).__name__}: {error}"
