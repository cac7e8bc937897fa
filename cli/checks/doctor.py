"""`bin/cli doctor`: checks whether this machine can run the stack, and prints what to change."""

import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

from pydantic import SecretStr
from pymongo import MongoClient
from pymongo.errors import PyMongoError
from rich.markup import escape

from cli.checks.browser import REMEDY, find_chromium
from cli.databases import reason
from cli.dev import mongodb
from cli.dev.console import say
from cli.dev.databases import DATABASE_PORTS, open_databases
from cli.dev.environment import given_environment, running_environment
from cli.dev.files import DEVELOPMENT, LOCK, ROOT
from cli.dev.lock import exclusive, is_held
from cli.dev.ports import free_port, free_port_like, holder_of
from cli.dev.postgres import EmbeddedPostgres
from cli.dev.secrets import password_names
from cli.errors import CommandError
from cli.migrations import FAILURES, revisions, unknown
from cli.services import SERVICES, STORED, Service

_OLDEST_PYTHON = (3, 11)
_DISK_NEEDED = 2  # GB, for wheels, data and logs
_PATIENCE = 5  # how long MongoDB may take to answer, seconds
_PACKAGES = {
    "libcurl.so.4": "libcurl4",
    "libcrypto.so.3": "libssl3",
    "liblzma.so.5": "liblzma5",
    "libssl.so.3": "libssl3",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of a check; *remedy* is empty if there is nothing to do."""

    fact: str
    remedy: str = ""

    def __str__(self) -> str:
        """With rich's markup."""
        if self.remedy:
            return f"[red]✗[/] {escape(self.fact)}\n  [bold]→[/] {escape(self.remedy)}"
        return f"[green]✓[/] {escape(self.fact)}"


def doctor() -> None:
    """
    Check Python, libraries, disk, ports and databases, and say what to change.

    Raises:
        CommandError: Something must be changed.
    """
    remedies = 0
    for finding in _examine():
        say(str(finding))
        remedies += bool(finding.remedy)
    if remedies:
        message = f"To do: {remedies}."
        raise CommandError(message)


def _examine() -> Iterator[Finding]:
    yield check_python()
    yield from check_libraries()
    yield check_browser()
    yield check_disk()
    if is_held(LOCK):
        yield Finding("The stack runs in this folder.")
        yield from check_databases(running_environment([]))
        return
    given = given_environment()
    yield from check_ports(given)
    yield from check_databases(given)
    yield from check_development_data(given)
    if not all(given.get(service.store_variable) for service in STORED):
        yield _embedded_databases(given)


def check_python() -> Finding:
    """Whether this Python is new enough."""
    fact = f"Python {platform.python_version()}"
    too_old = sys.version_info[:2] < _OLDEST_PYTHON
    return Finding(fact, "Python 3.11 or newer is needed: make PYTHON=python3.12 install" if too_old else "")


def check_libraries() -> Iterator[Finding]:
    """Check the shared libraries of mongod, which must be installed (PostgreSQL's wheel contains its own)."""
    command = ["ldd", str(mongodb.PROGRAM)]
    listing = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = [line.split() for line in listing.stdout.splitlines() if "not found" in line]
    if not lines:
        yield Finding("mongod has its shared libraries")
    for library in (words[0] for words in lines):
        package = _PACKAGES.get(library)
        remedy = f"apt install {package}" if package else f"Install the package that contains {library}."
        yield Finding(f"mongod lacks {library}", remedy)


def check_browser() -> Finding:
    """Whether the dashboard can be tested; nothing else needs a browser, so this requires no change."""
    found = find_chromium()
    return Finding(f"Chromium: {found}" if found else f"No Chromium: the tests of the dashboard need it ({REMEDY})")


def check_disk() -> Finding:
    """Whether there is enough space for data and logs."""
    free = shutil.disk_usage(ROOT).free / 1e9
    remedy = "" if free >= _DISK_NEEDED else f"Free disk space: {_DISK_NEEDED} GB are needed."
    return Finding(f"{free:.1f} GB free on the disk of {ROOT}", remedy)


def check_ports(given: Mapping[str, str]) -> Iterator[Finding]:
    """Check the preferred ports of `make run`; it can use others, so this requires no change."""
    embedded = {service.store for service in STORED if not given.get(service.store_variable)}
    ports = {service.name: service.port for service in SERVICES} | {name: DATABASE_PORTS[name] for name in embedded}
    for name, port in ports.items():
        instead = free_port_like(port)
        state = "free" if instead == port else f"held by {holder_of(port)}: `make run` will use {instead}"
        yield Finding(f"Port {port} ({name}) is {state}")


def check_databases(environment: Mapping[str, str]) -> Iterator[Finding]:
    """Whether the databases configured in *environment* answer, and have no migration of another branch."""
    for service in STORED:
        if url := environment.get(service.store_variable):
            yield _examine_database(service, url)


def _examine_database(service: Service, url: str) -> Finding:
    try:
        if service.store == "postgres":
            if strange := unknown(service, revisions(SecretStr(url), service.own_schema)):
                return Finding(f"The database of {service.name} was migrated elsewhere", strange)
        else:
            with MongoClient[dict[str, object]](url, serverSelectionTimeoutMS=_PATIENCE * 1000) as client:
                client.get_default_database().command("ping")
    except (*FAILURES, PyMongoError) as error:
        fact = f"The database of {service.name} does not answer: {reason(error)}"
        return Finding(fact, f"Start that server, or correct or remove {service.store_variable}.")
    return Finding(f"The database of {service.name} answers")


def check_development_data(given: Mapping[str, str]) -> Iterator[Finding]:
    """Whether the embedded databases, while the stack is stopped, have migrations of another branch."""
    services = [one for one in SERVICES if one.store == "postgres" and not given.get(one.store_variable)]
    if not services or not (DEVELOPMENT / "postgres").exists():
        return
    problems = list[str]()
    try:
        with exclusive(LOCK), EmbeddedPostgres(DEVELOPMENT / "postgres", free_port()) as server:
            for service in services:
                with suppress(*FAILURES):  # the database does not exist yet
                    url = server.administrator_url(service.database)
                    problems.append(unknown(service, revisions(url, service.own_schema)))
    except CommandError as error:
        problems.append(str(error))
    if remedy := "\n".join(filter(None, problems)):
        yield Finding("The development data does not suit this checkout", remedy)
    else:
        yield Finding("The development data suits this checkout")


def _embedded_databases(given: Mapping[str, str]) -> Finding:
    """Start the databases of `make run` in a folder beside the real one, and delete them."""
    folder = DEVELOPMENT / "trial"
    passwords = dict.fromkeys((name for service in STORED for name in password_names(service)), "trial")
    try:
        with exclusive(LOCK), open_databases(folder, given, passwords, lambda _name, _port: free_port()):
            return Finding("The embedded databases start and answer")
    except CommandError as error:
        return Finding("The embedded databases do not start", str(error))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
