"""Work that a service does every few seconds beside its requests."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from random import random as any_fraction
from typing import Any

import structlog

from chassis.core.errors import AppError

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Periodic:
    """
    Work that comes round again; every worker process does it, so it must be safe to do at several at once.

    Attributes:
        every_s: Seconds between the end of one round and the next, give or take 10 %.
        work: Gets ``app.state``. A round that fails is logged, and the next one comes.
    """

    every_s: float
    work: Callable[[Any], Awaitable[None]]


@asynccontextmanager
async def running(periodics: Sequence[Periodic], state: Any) -> AsyncIterator[None]:  # noqa: ANN401 - app.state
    """Do all of them during the block; what is under way at its end is cancelled."""
    tasks = [asyncio.create_task(repeat(periodic, state)) for periodic in periodics]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def repeat(
    periodic: Periodic,
    state: Any,  # noqa: ANN401 - app.state
    *,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    random: Callable[[], float] = any_fraction,
) -> None:
    """
    Do one of them until cancelled, first after one interval.

    Args:
        random: Gives fractions from 0 to 1; they keep the workers of a service out of step.
    """
    while True:
        await sleep(periodic.every_s * (0.9 + 0.2 * random()))
        await _do_once(periodic, state)


async def _do_once(periodic: Periodic, state: Any) -> None:  # noqa: ANN401 - app.state
    name = getattr(periodic.work, "__qualname__", repr(periodic.work))
    try:
        await periodic.work(state)
    except AppError as error:
        log.warning("periodic work failed", work=name, reason=error.message)
    except Exception:  # whatever it is, it is told whole, and must not end the rounds to come
        log.exception("periodic work failed", work=name)
