"""Runs the system as in production, but without containers; restarts processes when they end, and kills them."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from time import monotonic

import psutil

from benchmarks.deployment import gunicorn
from cli.dev.environment import stack_environment
from cli.dev.files import ROOT
from cli.dev.processes import SupervisedProcess, stop_all
from cli.errors import CommandError
from cli.services import SERVICES, Service

WORKERS = {service.name: 1 if service.name == "user" else 2 for service in SERVICES}
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


def system_environment(
    secrets: Mapping[str, str], ports: Mapping[str, int], stores: Mapping[str, str]
) -> dict[str, str]:
    """Return the environment of all services: they log to standard output, and only warnings and errors."""
    environment = stack_environment({"LOG_LEVEL": "WARNING"}, secrets, ports, stores)
    return environment | {"LOG_DIR": "", "PATH": os.environ["PATH"]}


def supervise(service: Service, environment: Mapping[str, str], folder: Path, **variables: str) -> Supervisor:
    """Start a service as the production image does, with further *variables*."""
    port = int(environment[service.url_variable].rpartition(":")[2])
    command, own = gunicorn(service, environment, port=port, workers=WORKERS[service.name])
    return Supervisor(command, own | variables, folder / f"{service.name}.log")


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
