"""The load generator: a closed loop of concurrent calls, bounded in number and time, and its measurements."""

import asyncio
import re
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from itertools import cycle
from math import ceil
from multiprocessing.connection import Connection
from typing import Any

from benchmarks.processes import hear, run_on_uvloop

Fetch = Callable[[str], Awaitable[str]]
"""One call: takes the id of the wanted thing and returns the id in the answer."""
Connect = Callable[..., AbstractAsyncContextManager[Fetch]]
"""Opens a client; a function of a module, since it is sent to the client's process."""


@dataclass(frozen=True, slots=True)
class Load:
    """The size of a load: at least *calls* and at least *seconds*, but no call begins after *longest* seconds."""

    concurrency: int
    calls: int
    seconds: float
    longest: float


@dataclass(frozen=True, slots=True)
class Task:
    """The task of a client process: a load of calls for *wanted*, in turn."""

    load: Load
    wanted: Sequence[str]


@dataclass(frozen=True, slots=True)
class Taken:
    """The measurements of a load, by its client."""

    calls: int
    """The number of successful calls."""
    errors: dict[str, int]
    """The number of failed calls, by kind of error."""
    seconds: float
    cpu_s: float
    """Seconds of the whole client process, all threads."""
    p50_s: float
    p99_s: float


def run_client(pipe: Connection, connect: Connect, *arguments: Any) -> None:  # noqa: ANN401 - those of *connect*
    """Run a client process: do each ``Task`` received through the pipe, until it is closed."""
    run_on_uvloop(_obey(pipe, connect(*arguments)))


async def _obey(pipe: Connection, connecting: AbstractAsyncContextManager[Fetch]) -> None:
    async with connecting as fetch:
        pipe.send("ready")
        while task := await hear(pipe):
            pipe.send(await run_load(fetch, task.wanted, task.load))


async def run_load(fetch: Fetch, ids: Sequence[str], load: Load) -> Taken:
    """Keep *load.concurrency* calls under way, each for the next of *ids*, and measure them."""
    loop = _Loop(fetch, ids, load)
    cpu = time.process_time()
    async with asyncio.TaskGroup() as group:
        for _ in range(load.concurrency):
            group.create_task(loop.call_in_turn())
    seconds, cpu = time.perf_counter() - loop.begun, time.process_time() - cpu
    took = loop.latencies
    return Taken(len(took), dict(loop.errors), seconds, cpu, percentile(took, 50), percentile(took, 99))


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the smallest value that *percent* of *values* do not exceed (nearest rank); NaN if there are none."""
    if not values:
        return float("nan")
    return sorted(values)[ceil(len(values) * percent / 100) - 1]


def _kind(error: Exception) -> str:
    """Describe an error, without the numbers in which equal errors differ."""
    return re.sub(r"\d+(\.\d+)?", "#", f"{type(error).__name__}: {error}")[:200]


class _Loop:
    """The state that the concurrent callers of one load share."""

    def __init__(self, fetch: Fetch, ids: Sequence[str], load: Load) -> None:
        self._fetch = fetch
        self._wanted = cycle(ids)
        self._load = load
        self.latencies: list[float] = []
        self.errors: Counter[str] = Counter()
        self.begun = time.perf_counter()

    async def call_in_turn(self) -> None:
        """Repeat the call until the load is done."""
        fetch, wanted, clock = self._fetch, self._wanted, time.perf_counter
        while self._goes_on():
            wants, started = next(wanted), clock()
            try:
                got = await fetch(wants)
            except Exception as error:  # noqa: BLE001 - whatever a client raises is a call that failed
                self.errors[_kind(error)] += 1
                continue
            if got == wants:
                self.latencies.append(clock() - started)
            else:
                self.errors["another answer"] += 1

    def _goes_on(self) -> bool:
        elapsed = time.perf_counter() - self.begun
        if elapsed >= self._load.longest:
            return False
        return len(self.latencies) < self._load.calls or elapsed < self._load.seconds
