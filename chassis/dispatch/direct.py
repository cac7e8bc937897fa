"""
Transport of our own: HTTP/1.1 over asyncio, with the parser of our servers. No other module imports httptools.

A call is one write, some callbacks of the parser and one future: no thread, no task and no object for a request, which
is why it needs half the CPU of the clients that were measured (docs/decisions/0005).
"""

import asyncio
import ssl
from functools import cache, lru_cache
from urllib.parse import SplitResult, urlsplit

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

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
    TimedOut,
    TransportError,
    describe,
)

MAX_HEAD_BYTES = 64 * 1024
_FIRST_FINAL = 200
_BODILESS = frozenset({"GET", "HEAD", "DELETE"})
_parsed = lru_cache(maxsize=64)(urlsplit)


class DirectTransport:
    """Sends over its own connections, without proxies from the environment, redirects or compression."""

    def __init__(self) -> None:
        self._slots = Slots()
        self._connections: set[_Connection] = set()
        self._idle: list[_Connection] = []
        """The last used one at the end; a new one is made only if there is none, so there are few."""
        self._is_closed = False

    async def send(self, method: str, address: Address, headers: Headers, body: bytes, timeout: float) -> Answer:
        """See ``Transport.send``."""
        loop = asyncio.get_running_loop()
        scheme, _, rest = address.url.partition("://")
        host, _, target = rest.partition("/")
        request = _request(method, host, target, headers, body)
        left = await self._slots.take(timeout)
        try:
            ends = loop.time() + left
            connection = self._take_idle(loop.time()) or await self._connect(_parsed(f"{scheme}://{host}"), left)
            answer = await connection.exchange(method, request, ends)
            if connection.is_reusable:
                self._idle.append(connection)
            return answer
        finally:
            self._slots.release()

    async def aclose(self) -> None:
        """Close every connection; calls under way fail."""
        self._is_closed = True
        for connection in list(self._connections):
            connection.end(ConnectionBroken("the transport is closed"))

    def _take_idle(self, now: float) -> "_Connection | None":
        while self._idle:
            connection = self._idle.pop()
            if now < connection.fresh_until and connection.is_reusable:
                return connection
            connection.end()
        return None

    async def _connect(self, origin: SplitResult, left: float) -> "_Connection":
        is_tls = origin.scheme == "https"
        try:
            async with asyncio.timeout(min(left, CONNECT_TIMEOUT_S)):
                _, connection = await asyncio.get_running_loop().create_connection(
                    lambda: _Connection(self._connections),
                    origin.hostname or "",
                    origin.port or (443 if is_tls else 80),
                    ssl=_tls() if is_tls else None,
                )
        except OSError as error:  # a TimeoutError, too
            raise ConnectFailed(describe(error)) from error
        if self._is_closed:
            connection.end()
            raise ConnectFailed("the transport is closed")
        return connection


class _Connection(asyncio.Protocol):
    """
    A connection, which carries one call at a time.

    Args:
        known: The connections of the transport; it is in there while it is open.

    Attributes:
        is_reusable: Whether the last answer was read to its end, and both sides keep the connection.
        fresh_until: The time of the loop from which it is not used any more.
    """

    def __init__(self, known: "set[_Connection]") -> None:
        self._known = known
        self._loop = asyncio.get_running_loop()
        self._parser = HttpResponseParser(self)
        self._answer: asyncio.Future[Answer] | None = None
        self.is_reusable = False
        self.fresh_until = 0.0

    async def exchange(self, method: str, request: bytes, ends: float) -> Answer:
        """
        Send a request and return its answer, by the time *ends* of the loop.

        Raises:
            TimedOut: There is no whole answer by then.
            ConnectionBroken: The connection broke, or the answer is not HTTP.
            AnswerTooLarge: The answer is over 4 MiB.
        """
        self._is_head, self.is_reusable = method == "HEAD", False
        self._has_head, self._head_bytes = False, 0
        answer: asyncio.Future[Answer] = self._loop.create_future()
        self._answer = answer
        timer = self._loop.call_at(ends, self.end, TimedOut("no whole answer in time"))
        self._transport.write(request)
        try:
            return await answer
        finally:
            timer.cancel()
            self._answer = None
            if not self.is_reusable:  # cancelled, too: the answer would be taken for that of the next call
                self._transport.abort()

    def end(self, error: TransportError | None = None) -> None:
        """Close the connection; a call under way fails with *error*."""
        self.is_reusable = False
        if self._answer and not self._answer.done():
            self._answer.set_exception(error or ConnectionBroken("the connection was closed"))
        self._transport.abort()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin."""
        self._transport = transport
        self._known.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """End; an answer that ends only with its connection may have been cut, so it is not accepted."""
        self._known.discard(self)
        self.end(ConnectionBroken(describe(exc) if exc else "the connection was closed"))

    def data_received(self, data: bytes) -> None:
        """Parse a part of the answer; without a call under way there is nothing to be received."""
        if self._answer is None or self._answer.done():
            self.end()
            return
        self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            cause = error.__context__
            self.end(cause if isinstance(cause, TransportError) else ConnectionBroken(describe(error)))
        else:
            if not self._has_head and self._head_bytes > MAX_HEAD_BYTES:
                self.end(ConnectionBroken(f"a head of over {MAX_HEAD_BYTES} bytes"))

    def on_message_begin(self) -> None:
        """
        Begin an answer.

        Raises:
            ConnectionBroken: It is a second one, which would be taken for that of the next call.
        """
        if self._answer is None or self._answer.done():
            raise ConnectionBroken("a second answer")
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []
        self._size = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        """Receive a header; drop a trailer."""
        if not self._has_head:
            self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """Receive the whole head; to HEAD it is the whole answer, though the parser expects a body."""
        self._status = self._parser.get_status_code()
        if self._status >= _FIRST_FINAL:
            self._has_head = True
            if self._is_head:
                self._finish(is_reusable=False)

    def on_body(self, body: bytes) -> None:
        """Receive a part of the body."""
        self._size += len(body)
        if self._size > MAX_ANSWER_BYTES:
            raise AnswerTooLarge(f"over {MAX_ANSWER_BYTES} bytes")
        self._body.append(body)

    def on_message_complete(self) -> None:
        """End an answer; an interim one (1xx) is followed by another."""
        if self._has_head:
            self._finish(is_reusable=self._parser.should_keep_alive())

    def _finish(self, *, is_reusable: bool) -> None:
        assert self._answer
        self.is_reusable = is_reusable
        self.fresh_until = self._loop.time() + KEEP_ALIVE_S
        self._answer.set_result(Answer(self._status, self._headers, b"".join(self._body)))


def _request(method: str, host: str, target: str, headers: Headers, body: bytes) -> bytes:
    """
    Write a request.

    Raises:
        ValueError: The target or a header contains a line break or a character beyond Latin-1.
    """
    lines = [f"{method} /{target} HTTP/1.1", f"host: {host}"]
    lines += [f"{name}: {value}" for name, value in headers]
    if body or method not in _BODILESS:
        lines.append(f"content-length: {len(body)}")
    head = "\r\n".join(lines)
    if not head.count("\r") == head.count("\n") == len(lines) - 1:
        raise ValueError("a line break in the target or in a header")
    return b"%b\r\n\r\n%b" % (head.encode("latin-1"), body)


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()
