"""Runs the system as in production, but without containers; restarts processes when they end, and kills them."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import psutil

from benchmarks.deployment import create_databases, gunicorn, migrate
from cli.dev.environment import service_environment, stack_environment
from cli.dev.files import ROOT
from cli.dev.mongodb import EmbeddedMongoDB
from cli.dev.ports import free_port_like
from cli.dev.postgres import EmbeddedPostgres
from cli.dev.processes import SupervisedProcess, stop_all
from cli.dev.secrets import ensure_secrets
from cli.dev.server import EmbeddedServer
from cli.errors import CommandError
from cli.links import links
from cli.services import SERVICES, Service

WORKERS = {"analytics": 2, "user": 1, "product": 2, "order": 2}
_RELAYED = "order"
"""The service whose events are delivered by a separate process."""
_PORTS = 12_000
"""Above those of the development stack, below those of outgoing connections, which could take a dead process's port."""
_POLL_S = 0.02
_AFTER_A_CRASH_S = 1.0
_HEALED_S = 60.0
_LOOK_S = 0.1


class Supervisor:
    """
    Keeps one process running, with its descendants.

    Attributes:
        crashes: Exit codes of the process when it ended without having been killed here.
        log: The output of all its runs.
    """

    def __init__(self, command: list[str], environment: Mapping[str, str], log: Path) -> None:
        """Start the process. While ``keep`` runs, it is restarted whenever it ends."""
        self.crashes: list[int] = []
        self._command = command
        self._environment = environment
        self.log = log
        self._start()

    async def keep(self) -> None:
        """Restart the process whenever it has ended, until cancelled."""
        while True:
            if self.process.running:
                await asyncio.sleep(_POLL_S)
                continue
            if not self._was_killed:
                self.crashes.append(self.process.wait())
                await asyncio.sleep(_AFTER_A_CRASH_S)
            self._start()

    def kill(self) -> None:
        """Kill the process and its descendants with SIGKILL; it will be restarted."""
        self._was_killed = True
        self.process.kill()

    def family(self) -> list[psutil.Process]:
        """Return the process and its descendants."""
        return descendants(self.process.pid)

    def workers(self) -> list[psutil.Process]:
        """Return the child processes."""
        return self.family()[1:]

    async def wait_until_healed(self, service: str, is_ready: Callable[[], Awaitable[bool]]) -> None:
        """
        Wait until all workers of a service are running, and one is ready.

        Raises:
            CommandError: They are not after a minute.
        """
        ends = monotonic() + _HEALED_S
        while len(self.workers()) < WORKERS[service] or not await is_ready():
            await asyncio.sleep(_LOOK_S)
            if monotonic() > ends:
                raise CommandError(f"{service} has not come back within {_HEALED_S:.0f} s: see its log.")

    def _start(self) -> None:
        self._was_killed = False
        with self.log.open("ab") as log:
            self.process = SupervisedProcess(self._command, environment=self._environment, folder=ROOT, output=log)


@dataclass(frozen=True, slots=True)
class System:
    """The running processes: the servers by their kind, and the supervisors by service, with ``relay``."""

    environment: dict[str, str]
    databases: dict[str, EmbeddedServer]
    supervisors: dict[str, Supervisor]


@asynccontextmanager
async def running_system(folder: Path) -> AsyncIterator[System]:
    """
    Run all processes, with data and logs in *folder*; the services may not be ready yet.

    Raises:
        CommandError: A database does not start.
        NotMigrated: A database cannot be migrated.
    """
    secrets = ensure_secrets(folder / "secrets.json", links())
    with (
        EmbeddedPostgres(folder / "postgres", free_port_like(_PORTS + 432)) as postgres,
        EmbeddedMongoDB(folder / "mongodb", free_port_like(_PORTS + 17)) as mongodb,
    ):
        databases: dict[str, EmbeddedServer] = {"postgres": postgres, "mongodb": mongodb}
        ports = {service.name: free_port_like(_PORTS + service.port % 1000) for service in SERVICES}
        environment = system_environment(secrets, ports, create_databases(databases))
        await asyncio.to_thread(migrate, environment, log=folder / "migrations.log")
        supervisors = _supervise_all(environment, folder)
        async with keeping(list(supervisors.values())):
            yield System(environment, databases, supervisors)


def system_environment(
    secrets: Mapping[str, str], ports: Mapping[str, int], stores: Mapping[str, str]
) -> dict[str, str]:
    """Return the environment of all services: they log to standard output, and only warnings and errors."""
    environment = stack_environment({"LOG_LEVEL": "WARNING"}, secrets, ports, stores)
    return environment | {"LOG_DIR": "", "PATH": os.environ["PATH"]}


def _supervise_all(environment: dict[str, str], folder: Path) -> dict[str, Supervisor]:
    supervisors = {service.name: supervise(service, environment, folder) for service in SERVICES}
    relayed = next(service for service in SERVICES if service.name == _RELAYED)
    command = [sys.executable, "-m", "cli", "relay", _RELAYED]
    supervisors["relay"] = Supervisor(command, service_environment(relayed, environment), folder / "relay.log")
    return supervisors


def supervise(service: Service, environment: Mapping[str, str], folder: Path) -> Supervisor:
    """Start a service as the production image does."""
    port = int(environment[service.url_variable].rpartition(":")[2])
    command, own = gunicorn(service, environment, port=port, workers=WORKERS[service.name])
    own |= {"RELAY": "false"} if service.name == _RELAYED else {}
    return Supervisor(command, own, folder / f"{service.name}.log")


@asynccontextmanager
async def keeping(supervisors: Sequence[Supervisor]) -> AsyncIterator[None]:
    """Keep the processes running during the block, and stop them at its end."""
    tasks = [asyncio.create_task(supervisor.keep()) for supervisor in supervisors]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        stop_all([supervisor.process for supervisor in supervisors])


def descendants(root: int) -> list[psutil.Process]:
    """Return the supervised command and its descendants; empty if it has ended."""
    try:
        return psutil.Process(root).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def kill(processes: Sequence[psutil.Process]) -> None:
    """Kill processes with SIGKILL; some may have ended already."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()


async def pause(processes: Sequence[psutil.Process], seconds: float) -> None:
    """Stop processes with SIGSTOP for this many seconds."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.suspend()
    await asyncio.sleep(seconds)
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.resume()
