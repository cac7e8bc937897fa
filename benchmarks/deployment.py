"""Our services as the production image starts them, with a person who is logged in."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from cli.demo import ensure_demo_user
from cli.dev.environment import service_environment, stack_environment
from cli.dev.files import ROOT
from cli.dev.polling import wait_until
from cli.dev.ports import free_port, is_ready
from cli.dev.processes import SupervisedProcess, stop_all
from cli.services import SERVICES, Service

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
    everything = production(stores, secrets, ports) | variables
    processes, services = dict[str, SupervisedProcess](), [one for one in SERVICES if one.name in workers]
    with ExitStack() as stack:
        stack.callback(lambda: stop_all(processes.values()))
        for service in services:
            log, name = folder / f"{service.name}.log", service.name
            processes[name] = start(service, everything, port=ports[name], workers=workers[name], log=log)
        for service in services:
            wait_until_ready(ports[service.name], folder / f"{service.name}.log")
        yield Deployed(everything, {name: process.pid for name, process in processes.items()})


def production(stores: Mapping[str, str], secrets: Mapping[str, str], ports: Mapping[str, int]) -> dict[str, str]:
    """Give what all services are told in production (see ``stack_environment``)."""
    everything = stack_environment({}, secrets, ports, stores) | {"ENVIRONMENT": "production"}
    del everything["LOG_DIR"]  # in production lines go to standard output alone
    return everything


def start(service: Service, everything: Mapping[str, str], *, port: int, workers: int, log: Path) -> SupervisedProcess:
    """Start a service as the image does, of *everything* with what it may see, without waiting until it is ready."""
    own = {
        "SERVICE": service.name,
        "WEB_CONCURRENCY": str(workers),
        "PROMETHEUS_MULTIPROC_DIR": str(log.with_name(f"{log.stem}-metrics")),
    }
    command = [sys.executable, "-m", "gunicorn", "-c", "deploy/gunicorn.conf.py", "-b", f"127.0.0.1:{port}"]
    with log.open("wb") as output:
        environment = service_environment(service, everything) | own
        return SupervisedProcess(command, environment=environment, folder=ROOT, output=output)


def wait_until_ready(port: int, log: Path, within_s: float = _START_S) -> None:
    """
    Wait for a service.

    Raises:
        NotReady: It is not in time.
    """
    if not wait_until(lambda: is_ready(port), within_s):
        raise NotReady(log.read_text(errors="replace")[-2000:])


def log_in(environment: Mapping[str, str]) -> str:
    """Register somebody who has a browser and a password, and give an access token of 15 minutes."""
    name, password = ensure_demo_user(environment)
    login = f"{environment['USER_SERVICE_URL']}/api/v1/users/login"
    answer = httpx.post(login, data={"username": name, "password": password}).raise_for_status()
    return str(answer.json()["access_token"])


def migrate(environment: Mapping[str, str], *service: str) -> None:
    """
    Make the schemas of all services, or of one.

    Raises:
        NotMigrated: It fails.
    """
    command = [sys.executable, "-m", "cli", "db", "upgrade", *service]
    if SupervisedProcess(command, environment=environment, folder=ROOT, output=None).wait():
        raise NotMigrated
