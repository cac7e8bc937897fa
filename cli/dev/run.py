"""`bin/cli run`: databases, migrations and the services with hot reload."""

import os
import signal
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from shlex import quote
from time import sleep
from types import FrameType
from typing import Annotated, NoReturn
from urllib.parse import quote_plus, urlsplit

import typer
from rich.markup import escape
from rich.table import Column, Table

from cli.demo.accounts import ADMIN, PERSON, ensure_demo_accounts
from cli.dev.changes import Changes, Following
from cli.dev.console import console, say
from cli.dev.files import LOCK, ROOT
from cli.dev.front_door import FrontDoor, start_rendering
from cli.dev.lock import exclusive
from cli.dev.stack import Stack
from cli.dev.supervised import signal_when_parent_dies
from cli.dev.watch import EVERY_S, Watch
from cli.links import token_issuer
from cli.services import SERVICES, Service, find_service
from cli.services.discovery import front_of


def run(
    services: Annotated[list[str] | None, typer.Argument(help="Only these, and the services that they need.")] = None,
) -> None:
    """
    Start the databases and the services (or some), with hot reload; Ctrl-C stops all.

    Raises:
        CommandError: The stack is already running, a service is unknown, or a database or migration fails.
    """
    _stop_on_signals()
    changes, watch = Changes(ROOT), Watch([], _warn)
    with suppress(KeyboardInterrupt), exclusive(LOCK), Stack(ROOT, watch) as stack:
        missing = stack.start(services or [])
        describe(stack.environments, missing)
        follow = Following(stack.follow, _warn)
        with FrontDoor(stack.front, start_rendering) as front_door:
            while True:
                watch.look()
                changed = changes.look()
                follow.look(changed)
                front_door.look(changed)
                sleep(EVERY_S)


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


def _warn(text: str) -> None:
    say(f"[yellow]{escape(text)}[/]")


def describe(environments: Mapping[str, Mapping[str, str]], missing: list[str]) -> None:
    """Print addresses and how to log in."""
    chosen = [service for service in SERVICES if service.name in environments]
    front = front_of(chosen)
    console.print(_addresses(environments, chosen, missing))
    say("Each service has its documentation at /docs.")
    for service in chosen:
        if service.dashboard:
            say(f"The dashboard of {service.name}: {_address(environments, front or service)}{service.dashboard}")
    if missing:
        say(f"[red]Not ready: {', '.join(missing)}; see above. An edit starts it again.[/]")
    if (issuer := token_issuer()) in environments:
        _introduce_accounts(environments[issuer], _address(environments, front or find_service(issuer)))
    say(f"Mails are written to {escape(str(ROOT / 'logs' / 'mails.txt'))}.")
    last = chosen[-1].name
    say(f"One service with what it needs: make run SERVICES={last}. Its tests: make test SERVICE={last}.")
    say("Ctrl-C stops everything. The services' logs follow.")


def _addresses(
    environments: Mapping[str, Mapping[str, str]], chosen: Sequence[Service], missing: Collection[str]
) -> Table:
    """Return the addresses of services and databases: in a narrow terminal the latter are broken, and none is cut."""
    table = Table("Service", Column("Address", no_wrap=True), Column("Database", overflow="fold"))
    for service in chosen:
        url = urlsplit(environments[service.name].get(service.store_variable, ""))
        database = url.netloc.rpartition("@")[2] + url.path  # without the password
        state = " [red](not ready)[/]" if service.name in missing else ""
        table.add_row(service.name + state, _address(environments, service), database)
    return table


def _address(environments: Mapping[str, Mapping[str, str]], service: Service) -> str:
    return environments[service.name][service.url_variable]


def _introduce_accounts(environment: Mapping[str, str], address: str) -> None:
    ensure_demo_accounts(environment)
    table = Table("Account", "Password", "For", box=None, pad_edge=False)
    table.add_row(*PERSON, "ordering")
    table.add_row(*ADMIN, "the dashboard, the catalogue, other accounts")
    console.print(table)
    name, password = PERSON
    form = f"username={quote_plus(name)}&password={quote_plus(password)}"
    url = f"{address}/api/v1/users"
    account = '{"username": "hedy", "email": "hedy@example.org", "password": "a-long-passphrase-of-yours"}'
    say("Log in, or register an account of your own:")
    say(f"  curl -s {url}/login -d {quote(form)}")
    say(f"  curl -s {url}/register -H 'content-type: application/json' -d {quote(account)}")
