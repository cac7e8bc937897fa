"""
The HTTP/1.1 protocol of our servers: uvicorn's, with additional limits (docs/decisions/0024-server-limits.md).

A head is limited in size, number of headers and time; a connection in requests that wait, and in time without one; a
worker in connections. A connection over a limit gets a problem+json answer, if one can be sent, and is closed.
"""

import asyncio
from time import monotonic
from typing import Any, NoReturn

import structlog
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from chassis.core import context as request_context
from chassis.core.context import RequestContext
from chassis.core.errors import AppError, BadRequest, HeadersTooLarge, RequestTimeout, UriTooLong
from chassis.core.problems import problem_response
from chassis.core.types import new_id
from chassis.telemetry.metrics import CONNECTIONS_CUT, observe_refused
from chassis.web.security_headers import protect

log = structlog.get_logger(__name__)

MAX_TARGET_BYTES = 8 * 1024
"""The largest request target (path and query)."""
MAX_HEAD_BYTES = 32 * 1024
"""The largest total of the headers of a request. A sealed read has a token of up to 6 KiB in one of them."""
MOST_HEADERS = 100
_MAX_UNUSED_BYTES = MAX_TARGET_BYTES + MAX_HEAD_BYTES + 4 * MOST_HEADERS
"""The most bytes without a result from the parser, header separators included: a head, a chunk extension, trailers."""
MOST_PIPELINED = 8
"""How many requests may wait on a connection while an earlier one is served."""
MOST_CONNECTIONS = 768
"""The most connections of a worker: with its pools and files they fit into 1,024 descriptors, the usual limit."""
HEAD_S = 10.0
"""A head must be whole after so long, and so must a body that is no longer read."""
WRITE_S = 60.0
"""A client that reads nothing for this time is disconnected."""
_CONTINUE = b"HTTP/1.1 100 "
_LINGER_S = 2.0
_LINGER_BYTES = 4 * 1024 * 1024
"""How long, and how much, a refused client may still send: if closed at once, it would not see the answer."""


class LimitedProtocol(HttpToolsProtocol):
    """One connection."""

    transport: asyncio.Transport

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - passed on
        super().__init__(*args, **kwargs)
        self.waits_since: float | None = monotonic()
        """The time since which the client owes a complete request; None while one is served."""
        self._deadline: float | None = self.loop.time() + HEAD_S
        self._stalled_since: float | None = None
        self._timer = self.loop.call_later(HEAD_S, self._check_deadline)
        self.url = b""
        self._reads_head = False
        self._reads_message = False
        self._head_bytes = 0
        self._unused_bytes = 0  # received since the last result of the parser
        self._refusal: AppError | None = None
        self._is_refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin; over the limit, cut the connection that has waited longest for its request."""
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            waiting = [one for one in self.connections if isinstance(one, LimitedProtocol) and one.waits_since]
            oldest = min((one for one in waiting if one is not self), key=_waits_since, default=self)
            oldest.cut("worker_full")

    def connection_lost(self, exc: Exception | None) -> None:
        """End the connection."""
        self._timer.cancel()
        super().connection_lost(exc)

    def cut(self, reason: str) -> None:
        """End the connection without an answer."""
        CONNECTIONS_CUT.labels(reason).inc()
        self.connections.discard(self)  # now: connection_lost is called one turn of the loop later
        self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Parse; refuse an endless head, chunk extension or trailer."""
        self._unused_bytes += len(data)
        if self._is_refused:
            if self._unused_bytes > _LINGER_BYTES:
                self.transport.abort()
            return
        super().data_received(data)
        if self._unused_bytes > _MAX_UNUSED_BYTES and not self._is_refused:
            self._refuse(UriTooLong() if len(self.url) > MAX_TARGET_BYTES else HeadersTooLarge())

    def on_message_begin(self) -> None:
        """Start the limits of a new request."""
        super().on_message_begin()
        self._reads_head = self._reads_message = True
        self._head_bytes = self._unused_bytes = 0
        self._deadline = self.loop.time() + HEAD_S

    def on_url(self, url: bytes) -> None:
        """Receive a part of the request target."""
        super().on_url(url)
        if len(self.url) > MAX_TARGET_BYTES:
            self._stop(UriTooLong())

    def on_header(self, name: bytes, value: bytes) -> None:
        """Receive a header; drop a trailer, as HTTP allows, because it must not replace a checked header."""
        if not self._reads_head:
            return
        self._head_bytes += len(name) + len(value)
        if self._head_bytes > MAX_HEAD_BYTES or len(self.headers) >= MOST_HEADERS:
            self._stop(HeadersTooLarge())
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Serve the request, or queue it behind the earlier one."""
        if len(self.pipeline) >= MOST_PIPELINED:
            self._stop(BadRequest("Too many requests wait on this connection."))
        super().on_headers_complete()
        if self.scope["method"] != "HEAD":
            self.cycle.transport = _Answering(self.transport)  # type: ignore[assignment]  # what a cycle uses of it
        self._reads_head = False
        self._unused_bytes = 0
        self._deadline = None

    def on_body(self, body: bytes) -> None:
        """Receive a part of the body."""
        self._unused_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Mark the request as complete; if it was answered before, wait for the next one."""
        super().on_message_complete()
        self._reads_message = False
        self._unused_bytes = 0
        self._deadline = None
        if self.cycle.response_complete:
            self._wait_for_next()
        else:
            self.waits_since = None

    def on_response_complete(self) -> None:
        """Wait for the next request, for the rest of this one, or until the last bytes of the answer are sent."""
        has_next = bool(self.pipeline)
        super().on_response_complete()
        if has_next:
            return
        self.waits_since = monotonic()
        if self.transport.is_closing():
            self._deadline = self.loop.time() + WRITE_S
        elif self._reads_message:
            self._deadline = self.loop.time() + HEAD_S

    def pause_writing(self) -> None:
        """Allow a client that does not read some time."""
        super().pause_writing()
        self._stalled_since = self.loop.time()

    def resume_writing(self) -> None:
        """Stop the timeout of a client that did not read."""
        super().resume_writing()
        self._stalled_since = None

    def send_400_response(self, msg: str) -> None:
        """Refuse the request at which the parser has stopped."""
        self._refuse(self._refusal or BadRequest(msg))

    def _stop(self, refusal: AppError) -> NoReturn:
        """Stop the parser in the middle of its input; it then calls ``send_400_response``."""
        self._refusal = refusal
        raise refusal

    def _wait_for_next(self) -> None:
        self._unset_keepalive_if_required()
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)

    def _refuse(self, error: AppError) -> None:
        self._is_refused = True
        self._unused_bytes = 0
        observe_refused(error.status)
        if self.cycle and not self.cycle.response_complete:
            self.cut("unanswerable")  # an earlier request has no complete answer yet: this one would corrupt it
            return
        self.transport.write(_answer(error, self.server_state.default_headers))
        self.transport.write_eof()
        self._timer.cancel()
        self._timer = self.loop.call_later(_LINGER_S, self.transport.abort)

    def _check_deadline(self) -> None:
        now, deadline = self.loop.time(), self._deadline
        if self._stalled_since is not None and now >= self._stalled_since + WRITE_S:
            self.cut("stalled")
        elif deadline is None or now < deadline:
            self._timer = self.loop.call_at(deadline or now + HEAD_S, self._check_deadline)
        elif self._reads_head:
            self._refuse(RequestTimeout())
        else:
            self.cut("stalled" if self.transport.is_closing() else "slow")


class _Answering:
    """
    The transport of one answer, as uvicorn uses it: the head is sent together with the first part of the body.

    ASGI requires that, and uvicorn does not do it. One system call instead of two saves a tenth of a small request.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._head: bytes | None = None
        self._is_begun = False

    def write(self, data: bytes) -> None:
        """Write a part of the answer; the first part is the head, unless it is the interim one."""
        if not self._is_begun and not data.startswith(_CONTINUE):
            self._is_begun, self._head = True, data
        elif self._head:
            self._transport.writelines((self._head, data))
            self._head = None
        else:
            self._transport.write(data)

    def close(self) -> None:
        """Close the connection after what was written; the head alone, if the application failed after it."""
        if self._head:
            self._transport.write(self._head)
        self._transport.close()

    def is_closing(self) -> bool:
        """Whether the connection is being closed."""
        return self._transport.is_closing()


def _waits_since(connection: LimitedProtocol) -> float:
    return connection.waits_since or 0


def _answer(error: AppError, default_headers: list[tuple[bytes, bytes]]) -> bytes:
    """Return a complete answer, and log a line with the same request id."""
    context = RequestContext(new_id().hex)
    with request_context.within(context):
        response = problem_response(error)
        log.warning("request refused", status=error.status, code=error.code)
    headers = [*default_headers, *response.raw_headers]
    protect(headers)
    headers += [(b"x-request-id", context.request_id.encode()), (b"connection", b"close")]
    lines = b"".join(b"%b: %b\r\n" % header for header in headers)
    return b"%b%b\r\n%b" % (STATUS_LINE[error.status], lines, bytes(response.body))
