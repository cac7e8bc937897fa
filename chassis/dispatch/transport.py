"""
The wire: one pool of connections to one target. The only module that knows httpx.

It speaks httpx's types over reqwest (Rust), without httpx's client layer and default transport: those cost several
times as much CPU a call, and lose a pool slot when a caller is cancelled (docs/decisions).
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import cast
from urllib.parse import quote, urlencode

import httpx
from pyreqwest import exceptions as reqwest
from pyreqwest.client import ClientBuilder

CONNECTIONS = 50
CONNECT_TIMEOUT_S = 2.0
KEEP_ALIVE_S = 4.0
"""Shorter than the server's 5 s and up, so that a connection is not picked up just as the server closes it."""
_UNESCAPED = "/!$&'()*+,;=:@"
"""What may stand in a path as it is (RFC 3986, 3.3), beside letters, digits and -._~."""
SETTLE_S = 0.05
MAX_RESPONSE_BYTES = 4 * 1024 * 1024


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


@dataclass(frozen=True, slots=True)
class Address:
    """Where a request goes, parsed once: its raw path and query are those that go over the wire."""

    url: httpx.URL
    path: str
    query: str


class Transport:
    """
    A pool of connections to one target, to be opened after fork and closed at the end.

    Args:
        transport: What carries the requests; a pool over reqwest unless a test brings its own.
    """

    def __init__(self, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._transport = transport or _ReqwestTransport()

    async def send(
        self, method: str, address: Address, headers: list[tuple[bytes, bytes]], body: bytes, timeout: float
    ) -> Answer:
        """
        Send one request and read the whole answer within *timeout* seconds; retries nothing, follows no redirect.

        Raises:
            ConnectFailed: Not sent.
            TimedOut: No whole answer in time.
            ConnectionBroken: Cut off.
            AnswerTooLarge: Over 4 MiB.
        """
        # A stream, since from content httpx would make the headers anew.
        framed = [(b"host", address.url.netloc), *headers]
        if body:
            framed.append((b"content-length", b"%d" % len(body)))
        stream = httpx.ByteStream(body)
        request = httpx.Request(method, address.url, headers=framed, stream=stream, extensions={"timeout": timeout})
        try:
            response = await self._transport.handle_async_request(request)
            content = await response.aread()
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise ConnectFailed(_describe(error)) from error
        except httpx.TimeoutException as error:
            raise TimedOut(_describe(error)) from error
        except httpx.TransportError as error:
            raise ConnectionBroken(_describe(error)) from error
        raw = response.headers.raw
        return Answer(
            response.status_code, {name.decode().lower(): value.decode("latin-1") for name, value in raw}, content
        )

    async def aclose(self) -> None:
        """Close every connection."""
        await self._transport.aclose()
        # reqwest's thread still lets go of its last call; an interpreter that ends meanwhile aborts (6 times in 80).
        await asyncio.sleep(SETTLE_S)


def address_of(base_url: str, path: str, query: Mapping[str, str | int] | None = None) -> Address:
    """Give the address of *path* (unescaped) at a service."""
    raw_path = quote(path, safe=_UNESCAPED)
    raw_query = urlencode(query) if query else ""
    return Address(
        httpx.URL(f"{base_url}{raw_path}?{raw_query}" if raw_query else base_url + raw_path), raw_path, raw_query
    )


class _ReqwestTransport(httpx.AsyncBaseTransport):
    """httpx's transport interface over a pool of reqwest's; its timeout is the total of a call, in seconds."""

    def __init__(self) -> None:
        self._client = (
            ClientBuilder()
            .no_proxy()
            .follow_redirects(enable=False)
            .gzip(enable=False)
            .brotli(enable=False)
            .zstd(enable=False)
            .deflate(enable=False)
            .connect_timeout(timedelta(seconds=CONNECT_TIMEOUT_S))
            .pool_idle_timeout(timedelta(seconds=KEEP_ALIVE_S))
            .max_connections(CONNECTIONS)
            .build()
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        headers = [(name.decode(), value.decode()) for name, value in request.headers.raw]
        timeout = timedelta(seconds=request.extensions["timeout"])
        builder = self._client.request(request.method, str(request.url)).headers(headers).timeout(timeout)
        if body := b"".join(cast("httpx.ByteStream", request.stream)):
            builder = builder.body_bytes(body)
        try:
            async with builder.build_streamed() as response:
                content = await response.body_reader.read(MAX_RESPONSE_BYTES + 1)
                raw = [(name.encode(), value.encode("latin-1")) for name, value in response.headers.items()]
                status = response.status
        except reqwest.PyreqwestError as error:
            raise _translated(error) from error
        if content and len(content) > MAX_RESPONSE_BYTES:
            raise AnswerTooLarge(f"over {MAX_RESPONSE_BYTES} bytes")
        return httpx.Response(status, headers=raw, content=bytes(content or b""))

    async def aclose(self) -> None:
        await self._client.close()


def _translated(error: reqwest.PyreqwestError) -> httpx.TransportError:
    """Say it as httpx does. A pool without a free connection has sent nothing either."""
    # Its type does not tell: ConnectError is also a connection that broke, ConnectTimeoutError also a late answer.
    if "'client error (Connect)'" in str(error):
        return httpx.ConnectError(str(error))
    if isinstance(error, reqwest.PoolTimeoutError):
        return httpx.PoolTimeout(str(error))
    if isinstance(error, reqwest.RequestTimeoutError):
        return httpx.ReadTimeout(str(error))
    return httpx.ReadError(str(error))


def _describe(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
