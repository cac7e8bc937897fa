"""
Transport over httpx: ``httpx.Request`` out, ``httpx.Response`` back, through any ``httpx.AsyncBaseTransport``.

No other module imports httpx or aiohttp. ``DISPATCH_TRANSPORT=httpx`` uses the backend over aiohttp, because httpx's
own pool needs several times the CPU (docs/decisions/0005).
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import lru_cache

import aiohttp
import httpx
import yarl

from chassis.dispatch.transport import (
    CONNECT_TIMEOUT_S,
    KEEP_ALIVE_S,
    MAX_ANSWER_BYTES,
    Address,
    Answer,
    AnswerTooLarge,
    ConnectFailed,
    ConnectionBroken,
    Headers,
    Slots,
    StreamedAnswer,
    TimedOut,
    describe,
)

_TIMEOUTS = {"connect": CONNECT_TIMEOUT_S, "read": None, "write": None, "pool": None}
"""The transport itself limits the time of the whole call."""
SILENCE_S = 35.0
"""A streamed body that brings nothing for this time breaks off; streams of events have a heartbeat every 15 s."""
_LONGEST_HEADER = 65_536
_parsed_origin = lru_cache(maxsize=64)(httpx.URL)


class HttpxTransport:
    """
    Sends through *backend*, which must support httpx's request extension ``target``.

    The target is the sealed one: httpx would parse the path of a URL and might rewrite it.
    """

    def __init__(self, backend: httpx.AsyncBaseTransport | None = None) -> None:
        self._backend = backend or AiohttpBackend()
        self._slots = Slots()

    async def send(self, method: str, address: Address, headers: Headers, body: bytes, timeout: float) -> Answer:
        """See ``Transport.send``."""
        left = await self._slots.take(timeout)
        try:
            with _translated(left):
                async with asyncio.timeout(left):
                    return await self._exchange(_request(method, address, headers, body))
        finally:
            self._slots.release()

    async def _exchange(self, request: httpx.Request) -> Answer:
        response = await self._backend.handle_async_request(request)
        stream = response.stream
        assert isinstance(stream, httpx.AsyncByteStream)
        try:
            body = await _read(stream)
        finally:
            await stream.aclose()
        return Answer(response.status_code, _decoded(response.headers), body)

    @asynccontextmanager
    async def stream(
        self, method: str, address: Address, headers: Headers, body: bytes, timeout: float
    ) -> AsyncIterator[StreamedAnswer]:
        """
        Send one request and yield its answer, whose head comes within *timeout* seconds; the body arrives in parts.

        A client that leaves the block closes the connection, if the answer was not read to its end.

        Raises:
            ConnectFailed: The request was not sent.
            TimedOut: No head in time; or, while the body is read, nothing for ``SILENCE_S``.
            ConnectionBroken: The connection broke, maybe while the body is read.
        """
        with _translated(timeout):
            async with asyncio.timeout(timeout):
                response = await self._backend.handle_async_request(_request(method, address, headers, body))
        stream = response.stream
        assert isinstance(stream, httpx.AsyncByteStream)
        try:
            yield StreamedAnswer(response.status_code, _pairs(response.headers), _parts(stream))
        finally:
            await stream.aclose()

    async def aclose(self) -> None:
        """Close every connection."""
        await self._backend.aclose()


@contextmanager
def _translated(within_s: float) -> Iterator[None]:
    """Raise the errors of ``Transport`` for those of httpx."""
    try:
        yield
    except (TimeoutError, httpx.ReadTimeout, httpx.WriteTimeout) as error:
        raise TimedOut(f"nothing, or no whole answer, within {within_s:.3f} s") from error
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        raise ConnectFailed(describe(error)) from error
    except httpx.TransportError as error:
        raise ConnectionBroken(describe(error)) from error


def _request(method: str, address: Address, headers: Headers, body: bytes) -> httpx.Request:
    scheme, _, rest = address.url.partition("://")
    host, _, target = rest.partition("/")
    length = [("content-length", str(len(body)))] if body else []
    return httpx.Request(
        method,
        _parsed_origin(f"{scheme}://{host}"),
        headers=[("host", host), *length, *headers],
        stream=httpx.ByteStream(body),
        extensions={"timeout": _TIMEOUTS, "target": f"/{target}".encode()},
    )


async def _read(stream: httpx.AsyncByteStream) -> bytes:
    pieces, size = [], 0
    async for piece in stream:
        pieces.append(piece)
        size += len(piece)
        if size > MAX_ANSWER_BYTES:
            raise AnswerTooLarge(f"over {MAX_ANSWER_BYTES} bytes")
    return b"".join(pieces)


async def _parts(stream: httpx.AsyncByteStream) -> AsyncGenerator[bytes]:
    parts = aiter(stream)
    with _translated(SILENCE_S):
        while True:
            async with asyncio.timeout(SILENCE_S):
                part = await anext(parts, None)
            if part is None:
                return
            yield part


def _decoded(headers: httpx.Headers) -> dict[str, str]:
    return dict(_pairs(headers))


def _pairs(headers: httpx.Headers) -> list[tuple[str, str]]:
    return [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in headers.raw]


class AiohttpBackend(httpx.AsyncBaseTransport):
    """
    Sends httpx's requests over aiohttp, without proxies from the environment, redirects, compression or retries.

    It raises httpx's errors by their meaning: ``ConnectError`` only if nothing was sent.
    """

    def __init__(self) -> None:
        self._session = _open_session()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request; the caller reads the body from the stream."""
        if self._session.closed:
            raise httpx.ConnectError("the transport is closed")
        url = yarl.URL(f"{request.url}{request.extensions['target'].decode()}", encoded=True)
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw]
        body = await request.aread()
        try:
            response = await self._session.request(
                request.method, url, headers=headers, data=body or None, allow_redirects=False
            )
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise httpx.ConnectError(describe(error)) from error
        except aiohttp.ClientError as error:
            raise httpx.RemoteProtocolError(describe(error)) from error
        return httpx.Response(response.status, headers=response.raw_headers, stream=_Body(response))

    async def aclose(self) -> None:
        """Close every connection; calls under way fail."""
        await self._session.close()


class _Body(httpx.AsyncByteStream):
    """The body of an answer; the connection is reused only if the body was read to its end."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            while piece := await self._response.content.readany():
                yield piece
        except aiohttp.ClientError as error:
            raise httpx.ReadError(describe(error)) from error

    async def aclose(self) -> None:
        self._response.close()


def _open_session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE_S),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_S),
        skip_auto_headers=("accept", "accept-encoding", "content-type", "user-agent"),
        auto_decompress=False,
        max_line_size=_LONGEST_HEADER,
        max_field_size=_LONGEST_HEADER,
        middlewares=(_never_again,),
    )


async def _never_again(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Prevent aiohttp from retrying a request on these two errors, which it does when a reused connection breaks."""
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise httpx.RemoteProtocolError(describe(error)) from error
