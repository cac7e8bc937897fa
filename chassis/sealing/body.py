"""Reading a request's body whole, up to a cap, before anything is done with it."""

import asyncio
import zlib
from collections.abc import AsyncIterator, Mapping

from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive

from chassis.dispatch import deadline
from chassis.errors import BadRequest, PayloadTooLarge, RequestTimeout

_GZIP = 31
"""How zlib calls gzip's own form, and nothing else."""
_FORM = b"application/x-www-form-urlencoded"


def expected_size(headers: Mapping[bytes, bytes], cap: int) -> int:
    """
    Say how many bytes a body may come to; the cap, if it does not say so itself or is packed.

    Raises:
        PayloadTooLarge: It says that it is over the cap (413).
    """
    length = headers.get(b"content-length")
    if length is None:
        return cap if b"transfer-encoding" in headers else 0
    if not length.isdigit() or int(length[:12]) > cap:
        raise PayloadTooLarge
    return cap if b"content-encoding" in headers else int(length)


async def read_body(headers: Mapping[bytes, bytes], receive: Receive, cap: int) -> bytes:
    """
    Read the body; without one, nothing is waited for.

    Args:
        cap: In bytes; counted while the body streams, whatever Content-Length says.

    Raises:
        PayloadTooLarge: Over the cap (413).
        RequestTimeout: Not whole within 10 s (408).
        ClientDisconnect: The client left meanwhile.
    """
    if not expected_size(headers, cap):
        return b""
    try:
        async with asyncio.timeout(deadline.DEFAULT_S):
            return await _join(receive, cap)
    except TimeoutError as error:
        raise RequestTimeout from error


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


async def _join(receive: Receive, cap: int) -> bytes:
    body = bytearray()
    async for chunk in _chunks(receive):
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
