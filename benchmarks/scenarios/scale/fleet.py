"""Several replicas of every service, behind nginx."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.deployment import production, start, wait_until_ready
from benchmarks.processes import memory_mib
from benchmarks.scenarios.scale.nginx import start_nginx
from benchmarks.scenarios.scale.plan import POOL_SIZE, Step
from chaos.supervisor import descendants
from cli.dev.ports import free_port
from cli.dev.processes import SupervisedProcess, stop_all
from cli.services import SERVICES

_START_S = 180.0
"""For twelve replicas that start at the same time."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """All that runs of the services; every address in the *environment* is nginx's."""

    environment: Mapping[str, str]
    replicas: Mapping[str, Sequence[SupervisedProcess]]
    nginx: SupervisedProcess

    @property
    def memory_mib(self) -> float:
        """What all replicas take, masters and workers."""
        replicas = [replica for replicas in self.replicas.values() for replica in replicas]
        return sum(memory_mib(process) for replica in replicas for process in descendants(replica.pid))


@contextmanager
def running_fleet(
    stores: Mapping[str, str], secrets: Mapping[str, str], folder: Path, step: Step, nginx: str
) -> Iterator[Fleet]:
    """
    Run every service so many times, ready to be used, until the end of the block.

    Args:
        stores: The addresses of the databases, by the names of their variables.
        folder: For what all of them print; it is made.
        nginx: The program.

    Raises:
        NotReady: A replica does not start.
    """
    folder.mkdir()
    doors = {service.name: free_port() for service in SERVICES}
    ports = {service.name: [free_port() for _ in range(step.replicas)] for service in SERVICES}
    own = {"DATABASE_POOL_SIZE": str(POOL_SIZE), "REPLICAS": str(step.replicas)}
    environment = production(stores, secrets, doors) | own
    started = [start_nginx(nginx, folder / "nginx", doors, ports)]
    try:
        replicas = {service.name: list[SupervisedProcess]() for service in SERVICES}
        for service in SERVICES:
            for number, port in enumerate(ports[service.name]):
                log = folder / f"{service.name}-{number}.log"
                started.append(start(service, environment, port=port, workers=step.workers, log=log))
                replicas[service.name].append(started[-1])
        for name in replicas:
            for number, port in enumerate(ports[name]):
                wait_until_ready(port, folder / f"{name}-{number}.log", _START_S)
        yield Fleet(environment, replicas, started[0])
    finally:
        stop_all(started)
