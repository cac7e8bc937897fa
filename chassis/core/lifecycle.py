"""
What a service does beside its requests: work that comes round, and draining, from SIGTERM to the end.

A service that drains still answers, and says that it wants no more. The order is: ``/readyz`` is 503 and every answer
closes its connection; ``DRAIN_SECONDS`` later the server stops listening, finishes the requests in flight and their
background tasks; then the lifespan closes the pools.
"""

import asyncio
import signal
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from random import random as any_fraction
from types import FrameType

import structlog

from chassis.core.errors import AppError

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Periodic:
    """
    Work that comes round again; every worker process does it, so it must be safe to do at several at once.

    Attributes:
        name: What the log calls it.
        every_s: Seconds between the end of one round and the next, give or take 10 %.
        work: One round. If it fails, that is logged, and the next one comes.
    """

    name: str
    every_s: float
    work: Callable[[], Awaitable[None]]


@asynccontextmanager
async def running(periodics: Sequence[Periodic]) -> AsyncIterator[None]:
    """Do all of them during the block; what is under way at its end is cancelled."""
    tasks = [asyncio.create_task(repeat(periodic)) for periodic in periodics]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def repeat(
    periodic: Periodic,
    *,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    random: Callable[[], float] = any_fraction,
) -> None:
    """
    Do one of them until cancelled, first after one interval.

    Args:
        random: Returns fractions from 0 to 1; they keep the workers of a service out of step.
    """
    while True:
        await sleep(periodic.every_s * (0.9 + 0.2 * random()))
        await _do_once(periodic)


async def _do_once(periodic: Periodic) -> None:
    try:
        await periodic.work()
    except AppError as error:
        log.warning("periodic work failed", work=periodic.name, reason=error.message)
    except Exception:  # whatever it is, it is logged whole, and must not end the rounds to come
        log.exception("periodic work failed", work=periodic.name)


@dataclass(slots=True)
class Draining:
    """Whether a service has been told to end."""

    has_begun: bool = False


@contextmanager
def draining_on_sigterm(draining: Draining, delay_s: float) -> Iterator[None]:
    """
    Let SIGTERM begin the draining at once, and reach the server's own handler *delay_s* later.

    A second SIGTERM reaches it at once. A server that handles no SIGTERM (a test's) is left alone.
    """
    stop = signal.getsignal(signal.SIGTERM)
    if not callable(stop) or threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()

    def drain(number: int, frame: FrameType | None) -> None:
        is_first, draining.has_begun = not draining.has_begun, True
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
