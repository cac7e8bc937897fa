"""`python -m cli run`: databases, migrations and the four services with hot reload."""

import os
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module
from shlex import quote
from types import FrameType
from typing import NoReturn
from urllib.parse import quote_plus, urlsplit

from rich.table import Table

from cli.console import COLOURED, LogPrinter, console, say
from cli.errors import CommandError
from cli.links import links
from cli.services import SERVICES
from cli.stack.databases import open_databases
from cli.stack.environment import (
    given_environment,
    service_environment,
    stack_environment,
    write_environment,
)
from cli.stack.files import DEVELOPMENT, LOCK, ROOT, SECRETS
from cli.stack.launcher import NotReady, ServiceProcesses
from cli.stack.leash import signal_when_parent_dies
from cli.stack.lock import exclusive
from cli.stack.ports import free_port_like, holder_of
from cli.stack.processes import LeashedProcess
from cli.stack.secrets import ensure_secrets


def run() -> None:
    """
    Start the databases and the four services, with hot reload; Ctrl-C stops all.

    Raises:
        CommandError: It runs already, or a database or migration fails.
    """
    _stop_on_signals()
    with suppress(KeyboardInterrupt), exclusive(LOCK):
        given = given_environment()
        given.pop("PYTHONDONTWRITEBYTECODE", None)  # compiled code halves every start but the first
        secrets = ensure_secrets(SECRETS, links())
        say("Starting the databases …")
        with open_databases(DEVELOPMENT, given, secrets, _claim_port) as stores:
            ports = {service.name: _claim_port(service.name, service.port) for service in SERVICES}
            stack = stack_environment(given, secrets, ports, stores)
            write_environment(stack)
            _migrate(given | stack)
            _serve(given | stack)


def _stop_on_signals() -> None:
    """Let Ctrl-C, `kill` and a closed terminal all end this process like KeyboardInterrupt."""
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def stop(_number: int, _frame: FrameType | None) -> NoReturn:
        for each in signals:  # a second Ctrl-C must not interrupt the clean end
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt

    for each in signals:
        signal.signal(each, stop)
    if "MAKELEVEL" in os.environ:  # who kills `make run` means us
        signal_when_parent_dies(signal.SIGTERM)


def _claim_port(name: str, wanted: int) -> int:
    """*wanted*, or another port if that is taken; says who holds it."""
    port = free_port_like(wanted)
    if port != wanted:
        say(f"[yellow]Port {wanted} is held by {holder_of(wanted)}: {name} uses {port} instead.[/]")
    return port


def _migrate(environment: Mapping[str, str]) -> None:
    say("Migrating …")
    command = [sys.executable, "-m", "cli", "db", "upgrade"]
    process = LeashedProcess(command, environment=environment, folder=ROOT, output=None)
    import_module("cli.demo")  # large, and needed later: half a second is saved by doing it meanwhile
    if process.wait():
        message = "The migrations failed: see above; `make doctor` checks the databases."
        raise CommandError(message)


def _serve(environment: Mapping[str, str]) -> NoReturn:
    """Run the services until a signal raises KeyboardInterrupt."""
    say("Starting the services …")
    colours = {"FORCE_COLOR": "1"} if COLOURED else {"NO_COLOR": "1"}
    common = {**environment, **colours, "PYTHONUNBUFFERED": "1"}
    environments = {service.name: service_environment(service, common) for service in SERVICES}
    printer = LogPrinter([service.name for service in SERVICES])
    with ServiceProcesses(environments, reload=True, on_line=printer) as services:
        missing = list[str]()
        try:
            services.wait_until_ready()
        except NotReady as error:
            missing = error.names
        _describe(environment, missing)
        while True:
            signal.pause()


def _describe(environment: Mapping[str, str], missing: list[str]) -> None:
    """Say what runs where, and how to log in."""
    table = Table("Service", "Address", "Docs", "Database")
    for service in SERVICES:
        address = environment[service.url_variable]
        url = urlsplit(environment[service.store_variable])
        database = url.netloc.rpartition("@")[2] + url.path  # without the password
        state = " [red](not ready)[/]" if service.name in missing else ""
        table.add_row(service.name + state, address, f"{address}/docs", database)
    console.print(table)
    if missing:
        say(f"[red]Not ready: {', '.join(missing)}; see above. An edit there starts it again.[/]")
    if "user" not in missing:
        _introduce_demo_user(environment)
    say("Ctrl-C stops everything. The services' logs follow.")


def _introduce_demo_user(environment: Mapping[str, str]) -> None:
    username, password = import_module("cli.demo").ensure_demo_user(environment)
    form = f"username={quote_plus(username)}&password={quote_plus(password)}"
    url = f"{environment['USER_SERVICE_URL']}/api/v1/users/login"
    say(f"Demo user {username}, password {password}. Log in with:")
    say(f"  curl -s {url} -d {quote(form)}")
