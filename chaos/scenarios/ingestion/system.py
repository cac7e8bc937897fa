"""Analytics as it runs in production, but for containers: a replica set, and several workers that are kept going."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from chassis.mongodb.database import create_indexes
from pydantic import SecretStr

from analytics.models import INDEXES
from chaos.scenarios.orders.system import WORKERS, gunicorn
from chaos.supervisor import Keeper
from cli.dev.environment import stack_environment
from cli.dev.polling import eventually
from cli.dev.ports import free_port
from cli.dev.processes import stop_all
from cli.dev.replica_set import EmbeddedReplicaSet
from cli.dev.secrets import ensure_secrets
from cli.errors import CommandError
from cli.links import links
from cli.services import SERVICES

[_ANALYTICS] = [service for service in SERVICES if service.name == "analytics"]
_HEALED_S = 60.0
_UNHANDLED = "unhandled error"  # chassis/core/errors.py


@dataclass(frozen=True, slots=True)
class System:
    """All that runs."""

    environment: dict[str, str]
    database: EmbeddedReplicaSet
    keeper: Keeper
    log: Path
    """What the service has printed."""

    @property
    def address(self) -> str:
        """The base address of the service."""
        return self.environment[_ANALYTICS.url_variable]

    @property
    def database_url(self) -> str:
        """The address of its database."""
        return self.environment[_ANALYTICS.store_variable]

    def unhandled_errors(self) -> list[str]:
        """Give the log's lines of requests that were answered with a 500."""
        return [line for line in self.log.read_text(errors="replace").splitlines() if _UNHANDLED in line]

    async def until_healed(self) -> None:
        """
        Wait until all workers are there and one is ready.

        Raises:
            CommandError: They are not within a minute.
        """
        async with httpx.AsyncClient(base_url=self.address, timeout=5.0) as client:

            async def is_healed() -> bool:
                if len(self.keeper.workers()) < WORKERS[_ANALYTICS.name]:
                    return False
                try:
                    return (await client.get("/readyz")).is_success
                except httpx.TransportError:
                    return False

            if not await eventually(is_healed, within=_HEALED_S):
                raise CommandError(f"analytics has not come back within {_HEALED_S:.0f} s: see its log.")


@asynccontextmanager
async def running_system(folder: Path, members: int) -> AsyncIterator[System]:
    """
    Run everything, with data and logs in *folder*, ready to take events.

    Raises:
        CommandError: Something does not start.
    """
    secrets = ensure_secrets(folder / "secrets.json", links())
    with EmbeddedReplicaSet(folder / "mongodb", members).running() as database:
        stores = {_ANALYTICS.store_variable: await asyncio.to_thread(database.create_database, _ANALYTICS.database)}
        ports = {service.name: free_port() for service in SERVICES}
        environment = stack_environment({"LOG_LEVEL": "WARNING"}, secrets, ports, stores)
        environment |= {"LOG_DIR": "", "PATH": os.environ["PATH"]}
        create_indexes(SecretStr(stores[_ANALYTICS.store_variable]), INDEXES)
        command, variables, log = gunicorn(_ANALYTICS, environment, folder)
        system = System(environment, database, Keeper(command, variables, log), log)
        keeping = asyncio.create_task(system.keeper.keep())
        try:
            await system.until_healed()
            yield system
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
            stop_all([system.keeper.process])
