"""The faults of a run and their times, chosen at random from the seed; injects them, and waits for recovery."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from random import Random

import psutil

from chaos.scenarios.orders.customers import Customers, Pulse
from chaos.scenarios.orders.system import System
from chaos.supervisor import WORKERS, descendants, kill, pause
from cli.services import FRONT

_OF_FRONT = {f"{FRONT.name} worker": 8, FRONT.name: 3} if FRONT else {}
KILLS = {
    "order worker": 22,
    "product worker": 22,
    "analytics worker": 8,
    "user worker": 4,
    "order": 8,
    "product": 8,
    "analytics": 4,
    "user": 2,
    "relay": 12,
    "postgres": 3,
    "postgres backend": 3,
    "mongodb": 4,
    **_OF_FRONT,
}
"""The targets of kills, with their weights. A service means all its processes, as when a container dies."""
PAUSES = {"order worker": 3, "product worker": 3, "analytics worker": 1, "relay": 1, "postgres": 1, "mongodb": 1}
"""The targets of pauses, with their weights."""
KILLS_PER_PAUSE = 4
SHORTEST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 3.0
_POLL_S = 0.02
_AT_ONCE = 3
_BETWEEN = 5
"""The most faults at a time, and the attempts that end between two: the system should be impaired, not down."""


@dataclass(frozen=True, slots=True)
class Fault:
    """
    One fault.

    Attributes:
        due: Its time, as the completed share of the run, from 0 to 1.
        target: A key of KILLS.
        pause_s: How long the target is stopped; None kills it.
    """

    due: float
    target: str
    pause_s: float | None


def schedule(kills: int, seed: int) -> list[Fault]:
    """Choose this many kills, and a pause for every four of them, spread over the whole run, in order of time."""
    random = Random(seed)
    faults = [Fault(random.random(), _draw(random, KILLS), None) for _ in range(kills)]
    faults += [
        Fault(random.random(), _draw(random, PAUSES), random.uniform(SHORTEST_PAUSE_S, LONGEST_PAUSE_S))
        for _ in range(kills // KILLS_PER_PAUSE)
    ]
    return sorted(faults, key=lambda fault: fault.due)


def _draw(random: Random, weights: dict[str, int]) -> str:
    return random.choices(list(weights), list(weights.values()))[0]


@dataclass(frozen=True, slots=True)
class Hit:
    """An injected fault: seconds since the start of the run, and how long it was stopped; None if it was killed."""

    at: float
    target: str
    pause_s: float | None


class Saboteur:
    """
    Injects the faults.

    Attributes:
        hits: The faults injected so far.
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

    async def run(self, faults: Sequence[Fault], customers: Customers) -> None:
        """
        Inject each fault when it is due, and end when the last target has recovered.

        Faults delayed beyond the end of the run are left out.

        Raises:
            ExceptionGroup: Of a CommandError: a process has not come back.
        """
        async with asyncio.TaskGroup() as hits:
            for fault in faults:
                await self._free.acquire()
                enough = customers.pulse.over + _BETWEEN
                while customers.progress < fault.due or enough > customers.pulse.over:
                    await asyncio.sleep(_POLL_S)
                    if customers.progress >= 1:
                        return
                hits.create_task(self._inflict(fault, customers.pulse))

    async def _inflict(self, fault: Fault, pulse: Pulse) -> None:
        """Inject a fault and wait for recovery; a target that is recovering is not hit again meanwhile."""
        name, _, part = fault.target.partition(" ")
        try:
            async with self._busy[name]:
                victims = self._victims(name, part)
                if not victims:
                    return
                self.hits.append(Hit(pulse.seconds, fault.target, fault.pause_s))
                if fault.pause_s is None:
                    await self._kill(name, part, victims)
                else:
                    await pause(victims, fault.pause_s)
        finally:
            self._free.release()

    async def _kill(self, name: str, part: str, victims: Sequence[psutil.Process]) -> None:
        if part:
            kill(victims)
        elif database := self._system.databases.get(name):
            await asyncio.to_thread(database.kill)
            await asyncio.to_thread(database.start)
        else:
            self._system.supervisors[name].kill()
        if name in WORKERS:
            await self._system.supervisors[name].wait_until_healed(name, partial(self._is_ready, name))

    def _victims(self, name: str, part: str) -> list[psutil.Process]:
        """Return the targeted processes: one worker or backend, or all of a program."""
        if part == "worker":
            return self._one_of(self._system.supervisors[name].workers())
        if part == "backend":
            return self._one_of([one for one in self._family(name) if _serves_a_service(one)])
        return self._family(name)

    def _family(self, name: str) -> list[psutil.Process]:
        if name in self._system.databases:
            return descendants(self._system.databases[name].pid)
        return self._system.supervisors[name].family()

    def _one_of(self, processes: Sequence[psutil.Process]) -> list[psutil.Process]:
        return [self._random.choice(processes)] if processes else []


def _serves_a_service(process: psutil.Process) -> bool:
    """Return whether a process of PostgreSQL serves a service's connection; its title contains that."""
    with suppress(psutil.NoSuchProcess):
        return "_service " in " ".join(process.cmdline())
    return False
