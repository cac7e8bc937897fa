"""The whole system as in production, without containers; a process of its own delivers the events of orders."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.deployment import migrate
from chaos.supervisor import Supervisor, keeping, supervise, system_environment
from cli.dev.databases import create_databases
from cli.dev.environment import service_environment
from cli.dev.mongodb import EmbeddedMongoDB
from cli.dev.ports import free_port_like
from cli.dev.postgres import EmbeddedPostgres
from cli.dev.secrets import ensure_secrets
from cli.dev.server import EmbeddedServer
from cli.links import links
from cli.services import SERVICES, find_service

_RELAYED = "order"
"""The service whose events are delivered by a separate process."""
_PORTS = 12_000
"""Above those of the development stack, below those of outgoing connections, which could take a dead process's port."""


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


def _supervise_all(environment: dict[str, str], folder: Path) -> dict[str, Supervisor]:
    own = {_RELAYED: {"RELAY": "false"}}
    supervisors = {one.name: supervise(one, environment, folder, **own.get(one.name, {})) for one in SERVICES}
    relayed = find_service(_RELAYED)
    command = [sys.executable, "-m", "cli", "relay", _RELAYED]
    supervisors["relay"] = Supervisor(command, service_environment(relayed, environment), folder / "relay.log")
    return supervisors
