"""
Transport over pyreqwest, the binding of reqwest (Rust). No other module imports it.

The library is young and needs guards (docs/decisions/0005): calls queue in ``Slots``, the cause in an error's text
shows whether the request was sent, and the interpreter waits for the library's thread at exit.
"""

import atexit
import time
from datetime import timedelta

from pyreqwest import exceptions
from pyreqwest.client import ClientBuilder

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

MOST_CONNECTIONS = 200
"""Includes connections of cancelled calls, which reqwest keeps until the timeout of the call."""
SETTLE_S = 0.05
"""How long the interpreter waits for reqwest's thread at exit."""


class ReqwestTransport:
    """Sends over its own connections, without proxies from the environment, redirects or compression."""

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
            .max_connections(MOST_CONNECTIONS)
            .build()
        )
        self._slots = Slots()
        atexit.unregister(_let_go)  # once per process, for any number of transports
        atexit.register(_let_go)

    async def send(self, method: str, address: Address, headers: Headers, body: bytes, timeout: float) -> Answer:
        """See ``Transport.send``."""
        left = await self._slots.take(timeout)
        try:
            return await self._exchange(method, address, headers, body, left)
        finally:
            self._slots.release()

    async def _exchange(self, method: str, address: Address, headers: Headers, body: bytes, timeout: float) -> Answer:
        builder = self._client.request(method, address.url).headers(headers).timeout(timedelta(seconds=timeout))
        if body:
            builder = builder.body_bytes(body)
        try:
            async with builder.build_streamed() as response:
                content = await response.body_reader.read(MAX_ANSWER_BYTES + 1)
                answer = Answer(response.status, response.headers, bytes(content or b""))
        except exceptions.PyreqwestError as error:
            raise _translated(error) from error
        if len(answer.body) > MAX_ANSWER_BYTES:
            raise AnswerTooLarge(f"over {MAX_ANSWER_BYTES} bytes")
        return answer

    async def aclose(self) -> None:
        """Close every connection; calls under way fail."""
        await self._client.close()


def _let_go() -> None:
    """Wait until reqwest's thread has finished its last call; otherwise it aborts the exiting interpreter."""
    time.sleep(SETTLE_S)


def _translated(error: exceptions.PyreqwestError) -> TransportError:
    """Sort by whether the request may have been sent; a pool without a free connection has sent nothing."""
    # The type is not enough: ConnectError is also a connection that broke, ConnectTimeoutError also a late answer.
    if "'client error (Connect)'" in str(error) or isinstance(error, exceptions.PoolTimeoutError):
        return ConnectFailed(describe(error))
    if isinstance(error, exceptions.RequestTimeoutError):
        return TimedOut(describe(error))
    return ConnectionBroken(describe(error))
