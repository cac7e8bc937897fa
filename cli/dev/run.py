"""`bin/cli run`: databases, migrations and the services with hot reload."""

import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from importlib import import_module
from shlex import quote
from socket import socket
from time import sleep
from types import FrameType
from typing import Annotated, NoReturn
from urllib.parse import quote_plus, urlsplit

import typer
from rich.markup import escape
from rich.table import Table

from chassis.settings import InvalidSettings
from cli.dev.console import COLOURED, LogPrinter, console, say
from cli.dev.databases import open_databases
from cli.dev.environment import (
    given_environment,
    service_environment,
    stack_environment,
    write_environment,
)
from cli.dev.files import DEVELOPMENT, ENVIRONMENT, LOCK, ROOT, SECRETS
from cli.dev.launcher import NotReady, ServiceProcesses
from cli.dev.lock import exclusive
from cli.dev.ports import free_port_like, hold_port_like, holder_of
from cli.dev.processes import SupervisedProcess
from cli.dev.secrets import ensure_secrets
from cli.dev.server import EmbeddedServer
from cli.dev.supervised import signal_when_parent_dies
from cli.dev.watch import EVERY_S, Part, Watch
from cli.errors import CommandError
from cli.links import links, settings_class, token_issuer, with_peers
from cli.services import SERVICES, Service, find_service


def run(
    services: Annotated[list[str] | None, typer.Argument(help="Only these, and the services that they need.")] = None,
) -> None:
    """
    Start the databases and the services (or some), with hot reload; Ctrl-C stops all.

    Raises:
        CommandError: The stack is already running, a service is unknown, or a database or migration fails.
    """
    chosen = with_peers(map(find_service, services)) if services else SERVICES
    _stop_on_signals()
    with suppress(KeyboardInterrupt), exclusive(LOCK), ExitStack() as stack:
        ENVIRONMENT.unlink(missing_ok=True)  # left by an earlier stack, whose ports other programs may use by now
        given = given_environment()
        secrets = ensure_secrets(SECRETS, links())
        sockets = {service.name: stack.enter_context(_hold(service)) for service in chosen}
        say("Starting the databases …")
        stores, servers = stack.enter_context(open_databases(DEVELOPMENT, given, secrets, _choose_port, chosen))
        ports = {name: held.getsockname()[1] for name, held in sockets.items()}
        environment = given | stack_environment(given, secrets, ports, stores)
        _check(environment, chosen)
        write_environment(stack_environment(given, secrets, ports, stores))
        stack.callback(ENVIRONMENT.unlink, missing_ok=True)
        _migrate(environment, chosen)
        _serve(environment, sockets, servers, chosen)


def _stop_on_signals() -> None:
    """Let Ctrl-C, `kill` and a closed terminal all end this process like KeyboardInterrupt."""
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def stop(_number: int, _frame: FrameType | None) -> NoReturn:
        for each in signals:  # a second Ctrl-C must not interrupt the clean stop
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt

    for each in signals:
        signal.signal(each, stop)
    if "MAKELEVEL" in os.environ:  # killing `make run` must stop this process, too
        signal_when_parent_dies(signal.SIGTERM)


def _hold(service: Service) -> socket:
    """Listen on the service's port, or on another if it is taken; prints which process holds it."""
    try:
        held = hold_port_like(service.port)
    except OSError as error:
        raise CommandError(f"{service.name}: {error}.") from error
    _tell(service.name, service.port, held.getsockname()[1])
    return held


def _choose_port(name: str, wanted: int) -> int:
    """Return *wanted*, or another port if it is taken, with a message. Another program may still take the port."""
    port = free_port_like(wanted)
    _tell(name, wanted, port)
    return port


def _tell(name: str, wanted: int, port: int) -> None:
    if port != wanted:
        say(f"[yellow]Port {wanted} is held by {escape(str(holder_of(wanted)))}: {name} uses {port} instead.[/]")


def _check(environment: Mapping[str, str], chosen: Sequence[Service]) -> None:
    """
    Read the settings of each service.

    Raises:
        CommandError: A setting is invalid; the message names its variable.
    """
    ours, problems = dict(os.environ), list[str]()
    for service in chosen:
        os.environ.clear()
        os.environ.update(service_environment(service, environment))
        try:
            settings_class(service.name).load()
        except InvalidSettings as error:
            problems.append(str(error))
    os.environ.clear()
    os.environ.update(ours)
    if problems:
        raise CommandError("\n".join([*problems, "Correct or remove it in .env, or where it is set."]))


def _migrate(environment: Mapping[str, str], chosen: Sequence[Service]) -> None:
    migrated = [service.name for service in chosen if service.is_migrated]
    if not migrated:
        return
    say("Migrating …")
    command = [sys.executable, "-m", "cli", "db", "upgrade", *migrated]
    process = SupervisedProcess(command, environment=environment, folder=ROOT, output=None)
    import_module("cli.demo.accounts")  # large, and needed later: importing it meanwhile saves half a second
    if process.wait():
        message = "The migrations failed: see above; `make doctor` checks the databases."
        raise CommandError(message)


def _serve(
    environment: Mapping[str, str],
    sockets: Mapping[str, socket],
    servers: Sequence[EmbeddedServer],
    chosen: Sequence[Service],
) -> NoReturn:
    """Run the services until a signal raises KeyboardInterrupt; a process that ends meanwhile is started again."""
    say("Starting the services …")
    colours = {"FORCE_COLOR": "1"} if COLOURED else {"NO_COLOR": "1"}
    common = {**environment, **colours, "PYTHONUNBUFFERED": "1"}
    environments = {service.name: service_environment(service, common) for service in chosen}
    printer = LogPrinter([service.name for service in chosen])
    with ServiceProcesses(environments, on_line=printer, reload=sockets) as services:
        missing = list[str]()
        try:
            services.wait_until_ready()
        except NotReady as error:
            missing = error.names
        _describe(environment, chosen, missing)
        watch = Watch([*map(_database, servers), *(_service(services, one) for one in environments)], _warn)
        while True:
            watch.look()
            sleep(EVERY_S)


def _database(server: EmbeddedServer) -> Part:
    return Part(server.name, lambda: not server.is_running, server.reason, server.launch, server.is_ready)


def _service(services: ServiceProcesses, name: str) -> Part:
    return Part(
        name,
        lambda: services.has_crashed(name),
        lambda: "see above",
        lambda: services.restart(name),
        lambda: services.is_ready(name),
    )


def _warn(text: str) -> None:
    say(f"[yellow]{escape(text)}[/]")


def _describe(environment: Mapping[str, str], chosen: Sequence[Service], missing: list[str]) -> None:
    """Print addresses and how to log in."""
    table = Table("Service", "Address", "Docs", "Database")
    for service in chosen:
        address = environment[service.url_variable]
        url = urlsplit(environment.get(service.store_variable, ""))
        database = url.netloc.rpartition("@")[2] + url.path  # without the password
        state = " [red](not ready)[/]" if service.name in missing else ""
        table.add_row(service.name + state, address, f"{address}/docs", database)
    table.add_section()
    for service in chosen:
        if service.dashboard:
            address = f"{environment[service.url_variable]}{service.dashboard}"
            table.add_row(f"{service.name} dashboard", address, "", "")
    console.print(table)
    if missing:
        say(f"[red]Not ready: {', '.join(missing)}; see above. An edit starts it again.[/]")
    if token_issuer() in {service.name for service in chosen}:
        _introduce_accounts(environment)
    say(f"Mails are written to {escape(str(ROOT / 'logs' / 'mails.txt'))}.")
    last = chosen[-1].name
    say(f"One service with what it needs: make run SERVICES={last}. Its tests: make test SERVICE={last}.")
    say("Ctrl-C stops everything. The services' logs follow.")


def _introduce_accounts(environment: Mapping[str, str]) -> None:
    demo = import_module("cli.demo.accounts")
    demo.ensure_demo_accounts(environment)
    table = Table("Account", "Password", "For", box=None, pad_edge=False)
    table.add_row(*demo.PERSON, "ordering")
    table.add_row(*demo.ADMIN, "the dashboard, the catalogue, other accounts")
    console.print(table)
    name, password = demo.PERSON
    form = f"username={quote_plus(name)}&password={quote_plus(password)}"
    url = f"{environment['USER_SERVICE_URL']}/api/v1/users"
    account = '{"username": "grace", "email": "grace@example.org", "password": "a-long-passphrase-of-yours"}'
    say("Log in, or register an account of your own:")
    say(f"  curl -s {url}/login -d {quote(form)}")
    say(f"  curl -s {url}/register -H 'content-type: application/json' -d {quote(account)}")
