"""Faults of the wire, as a broken peer makes them."""

from chassis.dispatch.transport import (
    MAX_ANSWER_BYTES,
    AnswerTooLarge,
    ConnectionBroken,
    TimedOut,
    TransportError,
)
from tests.dispatch.wired import written
from tests.support.fault_proxy import Exchange, Fault, cutting, holding, losing, resetting, saying


def streaming(piece: bytes, *, chunked: bool) -> Fault:
    """Answer without end."""

    async def stream(exchange: Exchange) -> None:
        framing = b"transfer-encoding: chunked" if chunked else b"connection: close"
        await exchange.answer(b"HTTP/1.1 200 OK\r\n%b\r\n\r\n" % framing)
        while True:
            await exchange.answer(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)

    return stream


async def closing(exchange: Exchange) -> None:
    """Close the connection without an answer."""
    exchange.cut()


FAULTS: dict[str, tuple[Fault, type[TransportError]]] = {
    "held back": (holding, TimedOut),
    "begun and held back": (saying(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n1"), TimedOut),
    "reset after the request": (losing, ConnectionBroken),
    "closed after the request": (closing, ConnectionBroken),
    "cut in the middle": (cutting, ConnectionBroken),
    "reset in the middle": (resetting, ConnectionBroken),
    "no HTTP": (saying(b"SSH-2.0-OpenSSH\r\n\r\n"), ConnectionBroken),
    "two lengths": (saying(b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n12"), ConnectionBroken),
    "headers beyond all bounds": (saying(b"HTTP/1.1 200 OK\r\nx: " + b"x" * 2_000_000), ConnectionBroken),
    "too large": (saying(written(bytes(MAX_ANSWER_BYTES + 1))), AnswerTooLarge),
    "endless": (streaming(bytes(65_536), chunked=False), AnswerTooLarge),
    "endless in chunks": (streaming(bytes(65_536), chunked=True), AnswerTooLarge),
}
