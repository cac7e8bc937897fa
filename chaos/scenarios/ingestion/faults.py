"""Analytics with a replica set of its own; kills one part after the other, each after the last has recovered."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from time import monotonic

import httpx
from pydantic import SecretStr

from analytics.models import INDEXES
from chaos.journal import EventJournal
from chaos.scenarios.ingestion.events import ORDER
from chaos.supervisor import Supervisor, keeping, kill, supervise, system_environment
from chassis.mongodb.database import create_indexes
from cli.dev.mongodb import EmbeddedMongoDB
from cli.dev.ports import free_port
from cli.dev.replica_set import EmbeddedReplicaSet
from cli.dev.secrets import ensure_secrets
from cli.errors import CommandError
from cli.links import links
from cli.services import SERVICES

[_ANALYTICS] = [service for service in SERVICES if service.name == "analytics"]
TARGETS = {"primary": 8, "secondary": 2, "all members": 1, "worker": 3, "analytics": 1}
"""The targets of kills, with their weights; `analytics` is the service, all workers at once."""
STUCK = "member that did not come back within a minute"
_POLL_S = 0.02
_BETWEEN = 200
"""Events acknowledged between two kills: the system should be impaired, not down."""
_LONGEST_DOWN_S = 4.0
"""The longest time for which a member stays down; the others elect a primary, if there are others."""
_LONGEST_MOMENT_S = 1.0
"""The longest random delay of a kill, so that kills occur at every stage of a batch."""
_UNHANDLED = "unhandled error"  # chassis/core/problems.py


@dataclass(frozen=True, slots=True)
class Plan:
    """
    The size of a run.

    Attributes:
        kills: The number of kills, each after the last has recovered.
        minutes: No kill begins after this time, however few there were.
        seed: Of all random choices: events, repetitions, targets.
        targets: What is killed in turn; chosen at random if it is empty.
        members: Of MongoDB's replica set.
        senders: The approximate number of concurrent batches.
        counted_within_s: All must be counted this long after the last kill: a minute whose process died is counted a
            minute later (analytics/counting/dirty_minutes.py).
    """

    kills: int
    minutes: float
    seed: int
    targets: tuple[str, ...] = ()
    members: int = 3
    senders: int = 6
    counted_within_s: float = 120.0


@dataclass(frozen=True, slots=True)
class System:
    """The running processes."""

    environment: dict[str, str]
    database: EmbeddedReplicaSet
    supervisor: Supervisor

    @property
    def address(self) -> str:
        """The base address of the service."""
        return self.environment[_ANALYTICS.url_variable]

    @property
    def database_url(self) -> str:
        """The address of the service's database."""
        return self.environment[_ANALYTICS.store_variable]

    def unhandled_errors(self) -> list[str]:
        """Return the log lines of requests that were answered with a 500."""
        return [line for line in self.supervisor.log.read_text(errors="replace").splitlines() if _UNHANDLED in line]

    async def wait_until_healed(self) -> None:
        """
        Wait until all workers are running and one is ready.

        Raises:
            CommandError: They are not after a minute.
        """
        await self.supervisor.wait_until_healed(_ANALYTICS.name, self._is_ready)

    async def _is_ready(self) -> bool:
        async with httpx.AsyncClient(base_url=self.address, timeout=5.0) as client:
            try:
                return (await client.get("/readyz")).is_success
            except httpx.TransportError:
                return False


@asynccontextmanager
async def running_system(folder: Path, members: int) -> AsyncIterator[System]:
    """
    Run all processes, with data and logs in *folder*, ready to receive events.

    Raises:
        CommandError: A process does not start.
    """
    publisher = [(ORDER, "analytics"), ("analytics", ORDER)]  # it need not be a service of this project
    secrets = ensure_secrets(folder / "secrets.json", [*links(), *publisher])
    with EmbeddedReplicaSet(folder / "mongodb", members).running() as database:
        stores = {_ANALYTICS.store_variable: await asyncio.to_thread(database.create_database, _ANALYTICS.database)}
        environment = system_environment(secrets, {service.name: free_port() for service in SERVICES}, stores)
        create_indexes(SecretStr(stores[_ANALYTICS.store_variable]), INDEXES)
        system = System(environment, database, supervise(_ANALYTICS, environment, folder))
        async with keeping([system.supervisor]):
            await system.wait_until_healed()
            yield system


class Saboteur:
    """
    Kills according to the plan.

    Attributes:
        kills: How often each target was killed.
    """

    def __init__(self, system: System, plan: Plan) -> None:
        self.kills = Counter[str]()
        self._system = system
        self._plan = plan
        self._random = Random(plan.seed)

    async def run(self, journal: EventJournal) -> None:
        """
        Kill and heal until the plan is done; between two kills, events are acknowledged.

        Raises:
            CommandError: A process has not come back.
        """
        ends = monotonic() + self._plan.minutes * 60
        for target in self._targets():
            enough = len(journal.acknowledged) + _BETWEEN
            while len(journal.acknowledged) < enough:  # noqa: ASYNC110 - progress is no event
                await asyncio.sleep(_POLL_S)
            if monotonic() > ends:
                return
            await asyncio.sleep(self._random.uniform(0, _LONGEST_MOMENT_S))
            await self._kill(target)
            self.kills[target] += 1

    def _targets(self) -> Iterator[str]:
        names, weights = list(TARGETS), list(TARGETS.values())
        for number in range(self._plan.kills):
            drawn = self._random.choices(names, weights)[0]
            yield self._plan.targets[number % len(self._plan.targets)] if self._plan.targets else drawn

    async def _kill(self, target: str) -> None:
        if target == "worker":
            kill([self._random.choice(self._system.supervisor.workers())])
        elif target == "analytics":
            self._system.supervisor.kill()
        else:
            await self._kill_members(await asyncio.to_thread(self._members, target))
        await self._system.wait_until_healed()

    def _members(self, target: str) -> list[EmbeddedMongoDB]:
        everybody, primary = self._system.database.members, self._system.database.primary()
        if target == "all members":
            return everybody
        secondaries = [member for member in everybody if member is not primary]
        return [self._random.choice(secondaries)] if target == "secondary" else [primary]

    async def _kill_members(self, members: list[EmbeddedMongoDB]) -> None:
        for member in members:
            await asyncio.to_thread(member.kill)
        await asyncio.sleep(self._random.uniform(0, _LONGEST_DOWN_S))
        for member in members:
            member.launch()
        for member in members:
            await self._until_back(member)

    async def _until_back(self, member: EmbeddedMongoDB) -> None:
        """Wait for a member; in the end kill it once more, as a supervisor would: 6.0.5 may hang rolling back."""
        try:
            await asyncio.to_thread(member.wait_until_ready)
        except CommandError:
            self.kills[STUCK] += 1
            await asyncio.to_thread(member.kill)
            await asyncio.to_thread(member.start)
