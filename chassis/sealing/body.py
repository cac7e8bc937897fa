"""Reading a request's body whole, up to a cap, before anything is done with it."""

import asyncio
from collections.abc import AsyncIterator, Mapping

from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive

from chassis.dispatch import deadline
from chassis.errors import BadRequest, PayloadTooLarge, RequestTimeout

_FORM = b"application/x-www-form-urlencoded"


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
    length = headers.get(b"content-length")
    if length is None and b"transfer-encoding" not in headers:
        return b""
    if length is not None and (not length.isdigit() or int(length[:12]) > cap):
        raise PayloadTooLarge
    try:
        async with asyncio.timeout(deadline.DEFAULT_S):
            return await _join(receive, cap)
    except TimeoutError as error:
        raise RequestTimeout from error


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
