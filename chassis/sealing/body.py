"""Reading a request's body completely, up to a cap and within the memory for all bodies of a worker."""

import asyncio
import zlib
from collections.abc import AsyncIterator, Mapping

from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive

from chassis.core import deadline
from chassis.core.errors import BadRequest, PayloadTooLarge, RequestTimeout, ServiceUnavailable

MOST_BODY_BYTES = 16 * 1024 * 1024
"""Bytes of bodies that a worker holds at a time; parsed, they take ten times as much memory."""


class Overloaded(ServiceUnavailable):
    """The worker cannot serve more requests at the same time (503)."""

    code = "overloaded"
    message = "Too many requests are being served; try again in a second."

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "1"})


class BodyBudget:
    """The bytes that the bodies of a worker hold, and the bodies that are still arriving."""

    def __init__(self) -> None:
        self.held = 0
        self.arriving: dict[Charge, None] = {}
        """In the order in which they began."""


class Charge:
    """
    What one body holds.

    When the budget is exceeded, the body that has been arriving longest is dropped, so slow senders do not keep out
    others.
    """

    def __init__(self, budget: BodyBudget) -> None:
        self._budget = budget
        self._limit: asyncio.Timeout | None = None
        self._size = 0
        self.is_cut = False
        """Whether it was dropped."""

    def begin(self, limit: asyncio.Timeout) -> None:
        """Begin to arrive, within *limit*."""
        self._limit = limit
        self._budget.arriving[self] = None

    def end(self) -> None:
        """Stop counting as arriving."""
        self._budget.arriving.pop(self, None)

    def add(self, size: int) -> None:
        """
        Charge *size* more bytes.

        Raises:
            Overloaded: There is no memory for them (503).
        """
        self._size += size
        self._budget.held += size
        while self._budget.held > MOST_BODY_BYTES and not self.is_cut and self._budget.arriving:
            next(iter(self._budget.arriving)).cut()
        if self.is_cut or self._budget.held > MOST_BODY_BYTES:
            raise Overloaded

    def release(self) -> None:
        """Return all bytes."""
        self._budget.held -= self._size
        self._size = 0

    def cut(self) -> None:
        """Drop the body, which is still arriving, to make room for another one."""
        self.is_cut = True
        self.end()
        self.release()
        assert self._limit
        self._limit.reschedule(0)  # stops its reader in the next iteration of the loop


_GZIP = 31
"""zlib's window size for the gzip format only."""
_FORM = b"application/x-www-form-urlencoded"


def has_body(headers: Mapping[bytes, bytes], cap: int) -> bool:
    """
    Whether the request has a body.

    Raises:
        PayloadTooLarge: Its Content-Length is over the cap (413).
    """
    length = headers.get(b"content-length")
    if length is None:
        return b"transfer-encoding" in headers
    if not length.isdigit() or int(length[:12]) > cap:
        raise PayloadTooLarge
    return int(length) > 0


async def read_body(receive: Receive, cap: int, charge: Charge) -> bytes:
    """
    Read the body.

    Args:
        cap: Bytes; counted while the body streams, not taken from Content-Length.
        charge: Is charged for data as it arrives.

    Raises:
        PayloadTooLarge: The body is over the cap (413).
        Overloaded: There is no memory for it, or it was dropped for others (503).
        RequestTimeout: It is not complete within 10 s (408).
        ClientDisconnect: The client disconnected meanwhile.
    """
    try:
        async with asyncio.timeout(deadline.DEFAULT_S) as limit:
            charge.begin(limit)
            return await _join(receive, cap, charge)
    except TimeoutError as error:
        if charge.is_cut:
            raise Overloaded from error
        raise RequestTimeout from error
    finally:
        charge.end()


def unpack(body: bytes, cap: int) -> bytes:
    """
    Decompress a gzip body; no more than the cap is ever decompressed.

    Raises:
        PayloadTooLarge: It is over the cap (413).
        BadRequest: It is not one complete gzip stream (400).
    """
    unpacker = zlib.decompressobj(_GZIP)
    try:
        unpacked = unpacker.decompress(body, cap + 1)
    except zlib.error as error:
        raise BadRequest("The body is not gzip, although Content-Encoding says so.") from error
    if len(unpacked) > cap:
        raise PayloadTooLarge
    if not unpacker.eof or unpacker.unused_data:
        raise BadRequest("The body is not one complete gzip stream.")
    return unpacked


def refuse_nul(body: bytes, content_type: bytes) -> None:
    """
    Refuse NUL characters, which no database stores in text; in JSON they are escaped, and the parser refuses them.

    Raises:
        BadRequest: There is a NUL character in the body, or in a form's field (400).
    """
    if b"\0" in body or (b"%00" in body and content_type.startswith(_FORM)):
        raise BadRequest("The body contains a NUL character.")


def replaying(body: bytes, receive: Receive) -> Receive:
    """Return a body that was read as one message; later calls read the connection, to detect a disconnect."""
    pending = [body]

    async def replay() -> Message:
        if pending:
            return {"type": "http.request", "body": pending.pop(), "more_body": False}
        return await receive()

    return replay


async def _join(receive: Receive, cap: int, charge: Charge) -> bytes:
    body = bytearray()
    async for chunk in _chunks(receive):
        charge.add(len(chunk))
        body += chunk
        if len(body) > cap:
            raise PayloadTooLarge
    return bytes(body)


async def _chunks(receive: Receive) -> AsyncIterator[bytes]:
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        yield message.get("body", b"")
        more = message.get("more_body", False)
