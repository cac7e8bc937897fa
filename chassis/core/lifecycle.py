"""
Work of a service besides its requests: periodic work, and draining, from SIGTERM to the end.

A draining service still answers, but asks for no more requests. In order: ``/readyz`` is 503 and every answer
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
from chassis.core.outage import Outage

log = structlog.get_logger(__name__)


JITTER = 0.1
"""The share by which a pause between two rounds may be longer or shorter."""


@dataclass(frozen=True, slots=True)
class Periodic:
    """
    Work that is repeated; every worker process does it, so it must be safe in several at once.

    Attributes:
        name: Its name in the log.
        every_s: Seconds between the end of one round and the next, give or take ``JITTER``.
        work: One round. A failure is logged, and the next round comes as usual; an outage is logged once.
    """

    name: str
    every_s: float
    work: Callable[[], Awaitable[None]]


@asynccontextmanager
async def running(periodics: Sequence[Periodic]) -> AsyncIterator[None]:
    """Run all of them for the block; rounds in progress at its end are cancelled."""
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
    Repeat one of them until cancelled, first after one interval.

    Args:
        random: Returns fractions from 0 to 1, which keep the workers of a service out of step.
    """
    outage = Outage(log, "periodic work failed", "periodic work recovered", work=periodic.name)
    while True:
        await sleep(periodic.every_s * (1 - JITTER + 2 * JITTER * random()))
        await _do_once(periodic, outage)


async def _do_once(periodic: Periodic, outage: Outage) -> None:
    try:
        await periodic.work()
        outage.ended()
    except AppError as error:
        outage.began(error)
    except Exception:  # any error is logged with its traceback, and must not stop later rounds
        log.exception("periodic work failed", work=periodic.name)


@dataclass(slots=True)
class Draining:
    """Whether a service has been told to stop."""

    has_begun: bool = False


@contextmanager
def draining_on_sigterm(draining: Draining, delay_s: float) -> Iterator[None]:
    """
    On SIGTERM, start draining at once, and call the server's own handler *delay_s* later.

    A second SIGTERM calls it at once. A server without a SIGTERM handler (in tests) is left alone.
    """
    stop = signal.getsignal(signal.SIGTERM)
    if not callable(stop) or threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()

    def drain(number: int, frame: FrameType | None) -> None:
        is_first, draining.has_begun = not draining.has_begun, True
        if is_first and delay_s:
            # A balancer sends requests until it has seen /readyz fail; refused requests would be lost.
            loop.call_soon_threadsafe(loop.call_later, delay_s, stop, number, None)
            loop.call_soon_threadsafe(lambda: log.info("draining", delay_s=delay_s))
        else:
            stop(number, frame)

    signal.signal(signal.SIGTERM, drain)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, stop)
