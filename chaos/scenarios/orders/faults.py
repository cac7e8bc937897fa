"""Hits the system as scheduled, and sees to it that what was hit comes back."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from time import monotonic

import psutil

from chaos.scenarios.orders.customers import Load, Pulse
from chaos.scenarios.orders.schedule import Fault
from chaos.scenarios.orders.system import WORKERS, System
from chaos.supervisor import descendants
from cli.errors import CommandError

_POLL_S = 0.02
_AT_ONCE = 3
_BETWEEN = 5
"""So many hits may be unhealed, and so many attempts end between two: the system is to limp, not to lie down."""
_HEALED_S = 60.0
_LOOK_S = 0.1


@dataclass(frozen=True, slots=True)
class Hit:
    """What was hit: seconds since the start of the run, and for how long it was stopped; None if it was killed."""

    at: float
    target: str
    pause_s: float | None


class Saboteur:
    """
    Hits the system.

    Attributes:
        hits: What was hit so far.
    """

    def __init__(self, system: System, is_ready: Callable[[str], Awaitable[bool]], seed: int) -> None:
        self.hits: list[Hit] = []
        self._system = system
        self._is_ready = is_ready
        self._random = Random(seed)
        self._busy: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._free = asyncio.Semaphore(_AT_ONCE)

    @property
    def kills(self) -> Counter[str]:
        """How often each target was killed."""
        return Counter(hit.target for hit in self.hits if hit.pause_s is None)

    async def run(self, faults: Sequence[Fault], load: Load) -> None:
        """
        Inflict each fault when it is due, and end when the last one is healed.

        Faults that are held up until the run is over are left out.

        Raises:
            ExceptionGroup: Of a CommandError: something has not come back.
        """
        async with asyncio.TaskGroup() as hits:
            for fault in faults:
                await self._free.acquire()
                enough = load.pulse.over + _BETWEEN
                while load.progress < fault.due or enough > load.pulse.over:
                    await asyncio.sleep(_POLL_S)
                    if load.progress >= 1:
                        return
                hits.create_task(self._inflict(fault, load.pulse))

    async def _inflict(self, fault: Fault, pulse: Pulse) -> None:
        """Hit and heal; what is being healed is not hit a second time meanwhile."""
        name, _, part = fault.target.partition(" ")
        try:
            async with self._busy[name]:
                if victims := self._victims(name, part):
                    self.hits.append(Hit(pulse.seconds, fault.target, fault.pause_s))
                    await (self._kill(name, part, victims) if fault.pause_s is None else _pause(victims, fault.pause_s))
        finally:
            self._free.release()

    async def _kill(self, name: str, part: str, victims: Sequence[psutil.Process]) -> None:
        if part:
            for process in victims:
                with suppress(psutil.NoSuchProcess):
                    process.kill()
        elif database := self._system.databases.get(name):
            await asyncio.to_thread(database.kill)
            await asyncio.to_thread(database.start)
        else:
            self._system.keepers[name].kill()
        if name in WORKERS:
            await self._until_healed(name)

    async def _until_healed(self, service: str) -> None:
        """Wait until all its workers are there, and one is ready."""
        ends = monotonic() + _HEALED_S
        while len(self._system.keepers[service].workers()) < WORKERS[service] or not await self._is_ready(service):
            await asyncio.sleep(_LOOK_S)
            if monotonic() > ends:
                raise CommandError(f"{service} has not come back within {_HEALED_S:.0f} s: see its log.")

    def _victims(self, name: str, part: str) -> list[psutil.Process]:
        """Give the processes that are meant: one worker or backend, or all of a program."""
        if part == "worker":
            return self._one_of(self._system.keepers[name].workers())
        if part == "backend":
            return self._one_of([one for one in self._family(name) if _serves_a_service(one)])
        return self._family(name)

    def _family(self, name: str) -> list[psutil.Process]:
        if name in self._system.databases:
            return descendants(self._system.databases[name].pid)
        return descendants(self._system.keepers[name].process.pid)

    def _one_of(self, processes: Sequence[psutil.Process]) -> list[psutil.Process]:
        return [self._random.choice(processes)] if processes else []


async def _pause(processes: Sequence[psutil.Process], seconds: float) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.suspend()
    await asyncio.sleep(seconds)
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.resume()


def _serves_a_service(process: psutil.Process) -> bool:
    """Whether a process of PostgreSQL has a service's connection; its title says so."""
    with suppress(psutil.NoSuchProcess):
        return "_service " in " ".join(process.cmdline())
    return False
