"""
Draining: from SIGTERM to the end a service still answers, and says that it wants no more.

The order is: ``/readyz`` is 503 and every answer closes its connection; ``DRAIN_SECONDS`` later the server stops
listening, finishes the requests in flight and their background tasks; then the lifespan closes the pools.
"""

import asyncio
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import structlog
from starlette.datastructures import State

log = structlog.get_logger(__name__)


@contextmanager
def draining_on_sigterm(state: State, delay_s: float) -> Iterator[None]:
    """
    Let SIGTERM set ``state.draining`` at once, and reach the server's own handler *delay_s* later.

    A second SIGTERM reaches it at once. A server that handles no SIGTERM (a test's) is left alone.
    """
    stop = signal.getsignal(signal.SIGTERM)
    if not callable(stop) or threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()

    def drain(number: int, frame: FrameType | None) -> None:
        is_first, state.draining = not state.draining, True
        if is_first and delay_s:
            # A balancer goes on sending until it has looked at /readyz; whoever is refused meanwhile is lost.
            loop.call_soon_threadsafe(loop.call_later, delay_s, stop, number, None)
            loop.call_soon_threadsafe(lambda: log.info("draining", delay_s=delay_s))
        else:
            stop(number, frame)

    signal.signal(signal.SIGTERM, drain)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, stop)
