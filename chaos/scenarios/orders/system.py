"""The whole system as it runs in production, but for containers: several workers per service, a relay of its own."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from chaos.supervisor import Keeper
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
RELAYED = "order"
"""The service whose events are delivered by a process of its own."""
_PORTS = 12_000
"""Above those of the development stack, below the range of outgoing connections, which would take a dead one's port."""


@dataclass(frozen=True, slots=True)
class System:
    """All that runs; the keepers by service, and ``relay``."""

    environment: dict[str, str]
    databases: dict[str, EmbeddedServer]
    keepers: dict[str, Keeper]


@asynccontextmanager
async def running_system(folder: Path) -> AsyncIterator[System]:
    """
    Run everything, with data and logs in *folder*; the services may not be ready yet.

    Raises:
        CommandError: A database does not start, or cannot be migrated.
    """
    with _running_databases(folder) as (environment, databases):
        await asyncio.to_thread(_migrate, environment, folder)
        system = System(environment, databases, _start_services(environment, folder))
        keeping = [asyncio.create_task(keeper.keep()) for keeper in system.keepers.values()]
        try:
            yield system
        finally:
            for task in keeping:
                task.cancel()
            await asyncio.gather(*keeping, return_exceptions=True)
            stop_all([keeper.process for keeper in system.keepers.values()])


@contextmanager
def _running_databases(folder: Path) -> Iterator[tuple[dict[str, str], dict[str, EmbeddedServer]]]:
    """Give the environment of all services, and the servers by their kind."""
    secrets = ensure_secrets(folder / "secrets.json", links())
    with (
        EmbeddedPostgres(folder / "postgres", free_port_like(_PORTS + 432)) as postgres,
        EmbeddedMongoDB(folder / "mongodb", free_port_like(_PORTS + 17)) as mongodb,
    ):
        databases: dict[str, EmbeddedServer] = {"postgres": postgres, "mongodb": mongodb}
        stores = {
            service.store_variable: databases[service.store].create_database(service.database) for service in SERVICES
        }
        ports = {service.name: free_port_like(_PORTS + service.port % 1000) for service in SERVICES}
        environment = stack_environment({"LOG_LEVEL": "WARNING"}, secrets, ports, stores)
        yield environment | {"LOG_DIR": "", "PATH": os.environ["PATH"]}, databases


def _migrate(environment: dict[str, str], folder: Path) -> None:
    with (folder / "migrations.log").open("wb") as log:
        command = [sys.executable, "-m", "cli", "db", "upgrade"]
        if SupervisedProcess(command, environment=environment, folder=ROOT, output=log).wait():
            raise CommandError(f"The migrations failed: see {log.name}")


def _start_services(environment: dict[str, str], folder: Path) -> dict[str, Keeper]:
    keepers = {service.name: Keeper(*gunicorn(service, environment, folder)) for service in SERVICES}
    relayed = next(service for service in SERVICES if service.name == RELAYED)
    command = [sys.executable, "-m", "cli", "relay", RELAYED]
    keepers["relay"] = Keeper(command, service_environment(relayed, environment), folder / "relay.log")
    return keepers


def gunicorn(service: Service, environment: dict[str, str], folder: Path) -> tuple[list[str], dict[str, str], Path]:
    """Give what a keeper needs to run a service as the production image does: command, environment and log."""
    port = environment[service.url_variable].rpartition(":")[2]
    command = [sys.executable, "-m", "gunicorn", "-c", "deploy/gunicorn.conf.py", "-b", f"127.0.0.1:{port}"]
    variables = {"SERVICE": service.name, "WEB_CONCURRENCY": str(WORKERS[service.name])}
    if service.name == RELAYED:
        variables["RELAY"] = "false"
    return command, service_environment(service, environment) | variables, folder / f"{service.name}.log"
