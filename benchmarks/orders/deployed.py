"""Our side: the four services as the production image starts them, with a person who is logged in."""

import asyncio
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import IO

import httpx

from benchmarks.orders.stores import Stores
from chassis.testing import eventually
from cli.demo import ensure_demo_user
from cli.services import SERVICES
from cli.stack.environment import service_environment, stack_environment
from cli.stack.files import ROOT
from cli.stack.ports import free_port
from cli.stack.processes import LeashedProcess, stop_all

_SCALED = ("order", "product")
_START_S = 60.0


class NotReady(Exception):
    """A service did not start; the end of its output tells why."""


@dataclass(frozen=True, slots=True)
class Deployed:
    """Services that run."""

    environment: Mapping[str, str]
    pids: Mapping[str, int]
    """The root of each service's processes, by its name."""

    @property
    def orders(self) -> str:
        """The base address of the order service."""
        return self.environment["ORDER_SERVICE_URL"]

    def log_in(self) -> str:
        """Register somebody who has a browser and a password, and give an access token of 15 minutes."""
        name, password = ensure_demo_user(self.environment)
        login = f"{self.environment['USER_SERVICE_URL']}/api/v1/users/login"
        answer = httpx.post(login, data={"username": name, "password": password}).raise_for_status()
        return str(answer.json()["access_token"])

    def keys(self) -> bytes:
        """Give the public key that checks it, as a JWK."""
        return httpx.get(f"{self.environment['USER_SERVICE_URL']}/.well-known/jwks.json").raise_for_status().content


@contextmanager
def deploy(
    stores: Stores, secrets: Mapping[str, str], folder: Path, workers: int, **variables: str
) -> Iterator[Deployed]:
    """
    Run the services, order and product with *workers* each, until the end of the block.

    Args:
        folder: For what they print.
        variables: What all of them are told besides.

    Raises:
        NotReady: One did not start within a minute.
    """
    ports = {service.name: free_port() for service in SERVICES}
    everything = stack_environment({}, secrets, ports, stores.ours) | {"ENVIRONMENT": "production"}
    del everything["LOG_DIR"]  # in production lines go to standard output alone
    processes = dict[str, LeashedProcess]()
    with ExitStack() as stack:
        stack.callback(lambda: stop_all(processes.values()))
        for service in SERVICES:
            output = stack.enter_context((folder / f"{service.name}.log").open("wb"))
            own = {
                "SERVICE": service.name,
                "WEB_CONCURRENCY": str(workers if service.name in _SCALED else 1),
                "PROMETHEUS_MULTIPROC_DIR": str(folder / f"{service.name}-metrics"),
            }
            environment = service_environment(service, everything) | own | variables
            processes[service.name] = _start(ports[service.name], environment, output)
        for service in SERVICES:
            if not asyncio.run(_starts(everything[service.url_variable])):
                raise NotReady((folder / f"{service.name}.log").read_text(errors="replace")[-2000:])
        yield Deployed(everything, {name: process.pid for name, process in processes.items()})


def _start(port: int, environment: Mapping[str, str], output: IO[bytes]) -> LeashedProcess:
    command = [sys.executable, "-m", "gunicorn", "-c", "deploy/gunicorn.conf.py", "-b", f"127.0.0.1:{port}"]
    return LeashedProcess(command, environment=environment, folder=ROOT, output=output)


async def _starts(url: str) -> bool:
    """Wait until a service is ready; False if it is not within a minute."""
    async with httpx.AsyncClient(base_url=url) as client:

        async def is_ready() -> bool:
            try:
                return (await client.get("/readyz")).status_code == HTTPStatus.OK
            except httpx.HTTPError:
                return False

        return await eventually(is_ready, within=_START_S)
