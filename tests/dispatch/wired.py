"""A dispatcher that makes its calls over real sockets, and raw answers for them."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from time import monotonic

from chassis.core.deadline import Clock
from chassis.dispatch.dispatcher import Dispatcher
from chassis.dispatch.transport import Transport
from chassis.dispatch.transports import DEFAULT_TRANSPORT
from chassis.sealing.envelope import Envelope
from chassis.sealing.keys import load_links
from tests.sealing.messages import as_setting, make_keys

KEYS = make_keys("order", "tiny")


@asynccontextmanager
async def dispatcher_to(
    url: str, make_transport: Callable[[], Transport] = DEFAULT_TRANSPORT, clock: Clock = monotonic
) -> AsyncIterator[Dispatcher]:
    """Open a dispatcher of the order service with a real transport; *clock* is that of its breaker and deadlines."""
    envelope = Envelope("order", load_links("order", as_setting(KEYS), {"tiny"}))
    dispatcher = Dispatcher({"tiny": url}, envelope, make_transport, clock=clock)
    try:
        yield dispatcher
    finally:
        await dispatcher.aclose()


def written(body: bytes, headers: str = "", status: str = "200 OK") -> bytes:
    """Write an answer."""
    return f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\n{headers}\r\n".encode() + body
