"""Reading a request's body whole, up to a cap and within the memory that all bodies of a worker take together."""

import asyncio
import zlib
from collections.abc import AsyncIterator, Mapping

from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive

from chassis.core import deadline
from chassis.core.errors import BadRequest, PayloadTooLarge, RequestTimeout, ServiceUnavailable

MOST_BODY_BYTES = 16 * 1024 * 1024
"""Bodies that a worker holds at a time, together: what is made of them takes ten times as much memory."""


class Overloaded(ServiceUnavailable):
    """As many requests are being served as can be."""

    code = "overloaded"
    message = "Too many requests are being served; try again in a second."

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "1"})


class BodyBudget:
    """What the bodies of a worker hold, and which of them are still arriving."""

    def __init__(self) -> None:
        self.held = 0
        self.arriving: dict[Charge, None] = {}
        """In the order in which they began."""


class Charge:
    """
    What one body holds.

    When the budget is exceeded, the body that has been arriving longest is cut: slow senders cannot keep others out.
    """

    def __init__(self, budget: BodyBudget) -> None:
        self._budget = budget
        self._limit: asyncio.Timeout | None = None
        self._size = 0
        self.is_cut = False
        """Whether it had to make room."""

    def begin(self, limit: asyncio.Timeout) -> None:
        """Begin to arrive, within *limit*."""
        self._limit = limit
        self._budget.arriving[self] = None

    def end(self) -> None:
        """Have arrived, or not arrive any more."""
        self._budget.arriving.pop(self, None)

    def add(self, size: int) -> None:
        """
        Hold *size* bytes more.

        Raises:
            Overloaded: There is no room for them (503).
        """
        self._size += size
        self._budget.held += size
        while self._budget.held > MOST_BODY_BYTES and not self.is_cut and self._budget.arriving:
            next(iter(self._budget.arriving)).cut()
        if self.is_cut or self._budget.held > MOST_BODY_BYTES:
            raise Overloaded

    def release(self) -> None:
        """Hold nothing any more."""
        self._budget.held -= self._size
        self._size = 0

    def cut(self) -> None:
        """Make room for another one, while still arriving."""
        self.is_cut = True
        self.end()
        self.release()
        assert self._limit
        self._limit.reschedule(0)  # its reader is stopped in the next turn of the loop


_GZIP = 31
"""How zlib calls gzip's own form, and nothing else."""
_FORM = b"application/x-www-form-urlencoded"


def has_body(headers: Mapping[bytes, bytes], cap: int) -> bool:
    """
    Say whether a body comes.

    Raises:
        PayloadTooLarge: It says that it is over the cap (413).
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
        cap: In bytes; counted while the body streams, whatever Content-Length says.
        charge: Is charged for what arrives, when it arrives.

    Raises:
        PayloadTooLarge: Over the cap (413).
        Overloaded: There is no room for it, or it had to make room for others (503).
        RequestTimeout: Not whole within 10 s (408).
        ClientDisconnect: The client left meanwhile.
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
    Unpack a body that came as gzip; no more than the cap is ever unpacked.

    Raises:
        PayloadTooLarge: It is over the cap (413).
        BadRequest: It is not one whole piece of gzip.
    """
    unpacker = zlib.decompressobj(_GZIP)
    try:
        unpacked = unpacker.decompress(body, cap + 1)
    except zlib.error as error:
        raise BadRequest("The body is not gzip, as Content-Encoding says.") from error
    if len(unpacked) > cap:
        raise PayloadTooLarge
    if not unpacker.eof or unpacker.unused_data:
        raise BadRequest("The body is not one whole piece of gzip.")
    return unpacked


def refuse_nul(body: bytes, content_type: bytes) -> None:
    """
    Refuse what no database takes in a text; in JSON it is written otherwise, and refused by the parser.

    Raises:
        BadRequest: There is a NUL character in the body, or in a form's field.
    """
    if b"\0" in body or (b"%00" in body and content_type.startswith(_FORM)):
        raise BadRequest("The body contains a NUL character.")


def replaying(body: bytes, receive: Receive) -> Receive:
    """Hand a body that was read on as one message; after it the wire speaks again, to say that the client left."""
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
