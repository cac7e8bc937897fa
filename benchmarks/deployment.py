"""The services as the production image starts them, a logged-in person, and nginx where it is installed."""

import asyncio
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from cli.demo.accounts import Login, ensure_demo_person
from cli.dev.environment import service_environment, stack_environment
from cli.dev.files import ROOT
from cli.dev.polling import wait_until
from cli.dev.ports import free_port, is_ready
from cli.dev.processes import SupervisedProcess, stop_all
from cli.errors import CommandError
from cli.services import SERVICES, Service

_START_S = 60.0
_OLDEST_NGINX = (1, 18)
_PLACES = "/usr/local/sbin:/usr/sbin"
"""Where nginx is, outside the PATH of users other than root."""
_REMEDY = "`apt install nginx-light`, or `apt-get download nginx`, `dpkg -x` it, and put its usr/sbin on PATH."

EnsureAccount = Callable[[Mapping[str, str]], Coroutine[Any, Any, Login]]
"""Creates an account in the database of an environment, unless it exists, and returns its name and password."""


class NotMigrated(Exception):
    """The schema could not be migrated; the reason was printed."""


class NotReady(Exception):
    """A service did not start; carries the end of its output."""


@dataclass(frozen=True, slots=True)
class Deployed:
    """Running services."""

    environment: Mapping[str, str]
    pids: Mapping[str, int]
    """The root of each service's processes, by its name."""

    def address(self, service: str) -> str:
        """Return the base address of a service."""
        return self.environment[f"{service.upper()}_SERVICE_URL"]

    def keys(self) -> bytes:
        """Return the public keys that verify tokens, as a JWK set."""
        return httpx.get(f"{self.address('user')}/.well-known/jwks.json").raise_for_status().content


@contextmanager
def deploy(
    stores: Mapping[str, str], secrets: Mapping[str, str], folder: Path, workers: Mapping[str, int], **variables: str
) -> Iterator[Deployed]:
    """
    Run services until the end of the block.

    Args:
        stores: The addresses of their databases, by the names of their variables.
        folder: For their output.
        workers: The number of workers of each service to run, by its name.
        variables: Added to the environment of all of them.

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
    """Return the environment common to all services in production (see ``stack_environment``)."""
    everything = stack_environment({}, secrets, ports, stores) | {"ENVIRONMENT": "production"}
    del everything["LOG_DIR"]  # in production lines go to standard output alone
    return everything


def start(service: Service, everything: Mapping[str, str], *, port: int, workers: int, log: Path) -> SupervisedProcess:
    """Start a service as the image does, with its part of *everything*, without waiting until it is ready."""
    own = {"PROMETHEUS_MULTIPROC_DIR": str(log.with_name(f"{log.stem}-metrics"))}
    command, environment = gunicorn(service, everything, port=port, workers=workers)
    with log.open("wb") as output:
        return SupervisedProcess(command, environment=environment | own, folder=ROOT, output=output)


def gunicorn(
    service: Service, everything: Mapping[str, str], *, port: int, workers: int
) -> tuple[list[str], dict[str, str]]:
    """Return the command and the environment with which the image starts a service."""
    command = [sys.executable, "-m", "gunicorn", "-c", "deploy/gunicorn.conf.py", "-b", f"127.0.0.1:{port}"]
    own = {"SERVICE": service.name, "WEB_CONCURRENCY": str(workers)}
    return command, service_environment(service, everything) | own


def wait_until_ready(port: int, log: Path, within_s: float = _START_S) -> None:
    """
    Wait for a service.

    Raises:
        NotReady: It is not ready in time.
    """
    if not wait_until(lambda: is_ready(port), within_s):
        raise NotReady(log.read_text(errors="replace")[-2000:])


def log_in(environment: Mapping[str, str], ensure: EnsureAccount = ensure_demo_person) -> str:
    """Log in with an account, which *ensure* creates if needed; returns an access token of 15 minutes."""
    name, password = asyncio.run(ensure(environment))
    login = f"{environment['USER_SERVICE_URL']}/api/v1/users/login"
    answer = httpx.post(login, data={"username": name, "password": password}).raise_for_status()
    return str(answer.json()["access_token"])


def migrate(environment: Mapping[str, str], *service: str, log: Path | None = None) -> None:
    """
    Migrate the schemas of all services, or of one; output goes to *log*, if there is one.

    Raises:
        NotMigrated: A migration fails.
    """
    command = [sys.executable, "-m", "cli", "db", "upgrade", "--foreign-tables", *service]
    with log.open("wb") if log else nullcontext() as output:
        if SupervisedProcess(command, environment=environment, folder=ROOT, output=output).wait():
            raise NotMigrated(f"See {log}." if log else "")


def find_nginx(path: str) -> tuple[str, str]:
    """
    Return the program and its version.

    Raises:
        CommandError: There is none on *path*, or it is too old.
    """
    program = shutil.which("nginx", path=f"{path}:{_PLACES}")
    if not program:
        raise CommandError(f"There is no nginx here: {_REMEDY}")
    asked = subprocess.run([program, "-v"], capture_output=True, text=True, check=False)  # noqa: S603 - who runs it has it
    return program, check_version(asked.stderr)


def check_version(printed: str) -> str:
    """
    Return the version in what ``nginx -v`` prints.

    Raises:
        CommandError: It is too old, or there is none in it.
    """
    version = re.search(r"nginx/(\d+)\.(\d+)[.\d]*", printed)
    if not version or (int(version[1]), int(version[2])) < _OLDEST_NGINX:
        oldest = ".".join(map(str, _OLDEST_NGINX))
        raise CommandError(f"nginx {oldest} or newer is needed, this is {printed.strip() or 'none'}: {_REMEDY}")
    return version[0].partition("/")[2]
