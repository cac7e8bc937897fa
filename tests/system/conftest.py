"""The services as real processes, with databases that may be killed."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from cli.db import upgrade
from cli.dev import launcher
from cli.dev.databases import create_databases
from cli.dev.environment import service_environment, stack_environment
from cli.dev.launcher import ServiceProcesses
from cli.dev.mongodb import EmbeddedMongoDB
from cli.dev.ports import free_port
from cli.dev.postgres import EmbeddedPostgres
from cli.dev.secrets import ensure_secrets
from cli.links import links, settings_class
from cli.services import SERVICES
from tests.support.databases import HURRY
from tests.support.fault_proxy import FaultProxy, passing
from tests.support.warm import WarmProcess
from tests.system.people import log_in
from tests.system.stack import Stack

CALLER = max(
    (service.name for service in SERVICES if not service.front), key=lambda name: len(settings_class(name).peers)
)
"""The service that calls most others, besides the one that fronts them all."""


@pytest.fixture(scope="session")
async def wires() -> AsyncIterator[dict[str, FaultProxy]]:
    """The connections from ``CALLER`` to each service that it calls."""
    async with AsyncExitStack() as stack:
        peers = sorted(settings_class(CALLER).peers)
        yield {peer: await stack.enter_async_context(FaultProxy("", passing)) for peer in peers}


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory, wires: dict[str, FaultProxy]) -> Iterator[Stack]:
    """The whole system, ready."""
    folder, output = tmp_path_factory.mktemp("stack"), list[str]()
    secrets = ensure_secrets(folder / "secrets.json", links())
    with (
        tempfile.TemporaryDirectory() as pgdata,
        EmbeddedPostgres(Path(pgdata), free_port(), **HURRY) as postgres,
        EmbeddedMongoDB(folder / "mongodb", free_port()) as mongodb,
    ):
        stores = create_databases({"postgres": postgres, "mongodb": mongodb})
        ports = {service.name: free_port() for service in SERVICES}
        everything = stack_environment({}, secrets, ports, stores) | {"LOG_DIR": str(folder / "logs")}
        with pytest.MonkeyPatch.context() as patch:
            for name, value in everything.items():
                patch.setenv(name, value)
            upgrade(None, foreign_tables=True)
        environments = {service.name: service_environment(service, everything) for service in SERVICES}
        for name, wire in wires.items():
            variable = f"{name.upper()}_SERVICE_URL"
            wire.service, environments[CALLER][variable] = everything[variable], wire.address
        processes = ServiceProcesses(environments, on_line=lambda _name, line: output.append(line))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(launcher, "SupervisedProcess", WarmProcess)
            with processes as services:
                services.wait_until_ready()
                admin = asyncio.run(log_in(everything))
                yield Stack(everything, environments, services, postgres, mongodb, output, admin, wires)
