"""Our services as the production image starts them, with a person who is logged in."""

import asyncio
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import IO

import httpx

from chassis.testing import eventually
from cli.demo import ensure_demo_user
from cli.services import SERVICES
from cli.stack.environment import service_environment, stack_environment
from cli.stack.files import ROOT
from cli.stack.ports import free_port
from cli.stack.processes import LeashedProcess, stop_all

_START_S = 60.0


class NotMigrated(Exception):
    """The schema could not be made; what was printed tells why."""


class NotReady(Exception):
    """A service did not start; the end of its output tells why."""


@dataclass(frozen=True, slots=True)
class Deployed:
    """Services that run."""

    environment: Mapping[str, str]
    pids: Mapping[str, int]
    """The root of each service's processes, by its name."""

    def address(self, service: str) -> str:
        """Give the base address of a service."""
        return self.environment[f"{service.upper()}_SERVICE_URL"]

    def log_in(self) -> str:
        """Register somebody who has a browser and a password, and give an access token of 15 minutes."""
        name, password = ensure_demo_user(self.environment)
        login = f"{self.address('user')}/api/v1/users/login"
        answer = httpx.post(login, data={"username": name, "password": password}).raise_for_status()
        return str(answer.json()["access_token"])

    def keys(self) -> bytes:
        """Give the public key that checks it, as a JWK."""
        return httpx.get(f"{self.address('user')}/.well-known/jwks.json").raise_for_status().content


@contextmanager
def deploy(
    stores: Mapping[str, str], secrets: Mapping[str, str], folder: Path, workers: Mapping[str, int], **variables: str
) -> Iterator[Deployed]:
    """
    Run services until the end of the block.

    Args:
        stores: The addresses of their databases, by the names of their variables.
        folder: For what they print.
        workers: How many each has, by its name; a service that is not named is not run.
        variables: What all of them are told besides.

    Raises:
        NotReady: One did not start within a minute.
    """
    ports = {service.name: free_port() for service in SERVICES}
    everything = stack_environment({}, secrets, ports, stores) | {"ENVIRONMENT": "production"}
    del everything["LOG_DIR"]  # in production lines go to standard output alone
    processes, services = dict[str, LeashedProcess](), [one for one in SERVICES if one.name in workers]
    with ExitStack() as stack:
        stack.callback(lambda: stop_all(processes.values()))
        for service in services:
            output = stack.enter_context((folder / f"{service.name}.log").open("wb"))
            own = {
                "SERVICE": service.name,
                "WEB_CONCURRENCY": str(workers[service.name]),
                "PROMETHEUS_MULTIPROC_DIR": str(folder / f"{service.name}-metrics"),
            }
            environment = service_environment(service, everything) | own | variables
            processes[service.name] = _start(ports[service.name], environment, output)
        for service in services:
            if not asyncio.run(_starts(everything[service.url_variable])):
                raise NotReady((folder / f"{service.name}.log").read_text(errors="replace")[-2000:])
        yield Deployed(everything, {name: process.pid for name, process in processes.items()})


def migrate(environment: Mapping[str, str], *service: str) -> None:
    """
    Make the schemas of all services, or of one.

    Raises:
        NotMigrated: It fails.
    """
    command = [sys.executable, "-m", "cli", "db", "upgrade", *service]
    if LeashedProcess(command, environment=environment, folder=ROOT, output=None).wait():
        raise NotMigrated


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
