"""The databases and services of `make run`, which follow the folders of the services while they run."""

from collections.abc import Collection, Mapping
from contextlib import ExitStack
from pathlib import Path
from socket import socket
from typing import Self

from rich.markup import escape

from cli.dev.anew import Anew
from cli.dev.console import COLOURED, LogPrinter, say
from cli.dev.databases import open_databases
from cli.dev.files import DEVELOPMENT, ENVIRONMENT
from cli.dev.launcher import NotReady, ServiceProcesses
from cli.dev.plan import Choice, choose, equip
from cli.dev.ports import free_port_like, hold_port_like, holder_of
from cli.dev.server import EmbeddedServer
from cli.dev.watch import Part, Watch
from cli.errors import CommandError
from cli.services.discovery import Service, discover, front_of, url_variable

_COLOURS = {"FORCE_COLOR": "1"} if COLOURED else {"NO_COLOR": "1"}
_FOR_PAGES = frozenset({"DOCS_SERVICES"})
"""Variables for which no service is restarted: its pages link to all others, so each new service would restart all."""


class Stack:
    """
    The running stack; a context manager that stops it.

    Args:
        root: The folder with the folders of the services.
        watch: Restarts what ends.
    """

    def __init__(self, root: Path, watch: Watch) -> None:
        self._root = root
        self._watch = watch
        self._printer = LogPrinter()
        self._known: Collection[str] = ()
        self._services: dict[str, Service] = {}
        self._servers: dict[str, EmbeddedServer] = {}
        self._stores: dict[str, str] = {}
        self._migrated: set[str] = set()
        self._sockets: dict[str, socket] = {}
        self.environments: dict[str, dict[str, str]] = {}
        """What each running service gets, by its name."""
        self._open = ExitStack()
        self._processes = ServiceProcesses(self.environments, on_line=self._printer, reload=self._sockets)

    def __enter__(self) -> Self:
        ENVIRONMENT.unlink(missing_ok=True)  # left by an earlier stack, whose ports other programs may use by now
        self._open.callback(ENVIRONMENT.unlink, missing_ok=True)
        self._processes.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        with self._open:  # the databases, and the file
            self._processes.__exit__()
            for held in self._sockets.values():
                held.close()

    def start(self, names: Collection[str]) -> list[str]:
        """
        Start the services of these names (all if there are none) with what they need; returns those that do not start.

        Raises:
            CommandError: A service is unknown or wrong, or a database or a migration fails.
        """
        if names:  # those that are there now are left out, and new ones are not
            self._known = {service.name for service in discover(self._root)}
        say("Starting the databases …")
        return self._run(self._prepare(names), "Starting the services …")

    def follow(self) -> None:
        """
        Start new services, stop those that are gone, and restart those whose environment has changed.

        Raises:
            CommandError: A service is wrong; nothing was changed, except that services which are gone were stopped.
        """
        present = {service.name for service in discover(self._root)}
        for name in self.environments.keys() - present:
            self._remove(name)
        before = list(self.environments)
        missing = self._run(self._prepare(before), "")
        for name in self.environments:
            if name not in [*before, *missing]:
                say(f"[green]{name} runs: {self.environments[name][url_variable(name)]}/docs[/]")
        if missing:
            say(f"[red]Not ready: {', '.join(missing)}; see above. An edit starts it again.[/]")

    def front(self) -> Path | None:
        """Return the folder of the service that fronts the others; None if it does not run."""
        front = front_of(self._services.values())
        return self._root / front.name if front else None

    def _prepare(self, names: Collection[str]) -> dict[str, dict[str, str]]:
        """Reserve ports, open and migrate databases; returns the environment of each service that runs from now on."""
        with Anew() as anew, ExitStack() as undo:
            choice = anew.call(choose, names, self._known)
            for service in choice.services:
                if service.name not in self._sockets:
                    self._sockets[service.name] = _hold(service)
                    undo.callback(self._release, service.name)
            self._open_databases(choice, undo)
            ports = {one.name: self._sockets[one.name].getsockname()[1] for one in choice.services}
            migrated = {one.name for one in choice.services if one.store and one.store_variable not in self._migrated}
            if migrated:
                say("Migrating …")
            environments = anew.call(equip, ports, self._stores, migrated)
            undo.pop_all()
        self._services = {one.name: one for one in choice.services}
        self._migrated |= {one.store_variable for one in choice.services}
        common = {**_COLOURS, "PYTHONUNBUFFERED": "1"}
        return {name: environment | common for name, environment in environments.items()}

    def _open_databases(self, choice: Choice, undo: ExitStack) -> None:
        """Open the databases that are not open yet; *undo* forgets their addresses, but lets new servers run."""
        closed = [one for one in choice.services if one.store and one.store_variable not in self._stores]
        opening = open_databases(DEVELOPMENT, choice.given, choice.secrets, _choose_port, closed, self._servers)
        urls, servers = self._open.enter_context(opening)
        for variable, url in urls.items():
            self._stores[variable] = url
            undo.callback(self._stores.pop, variable)
        for kind in servers.keys() - self._servers.keys():
            self._watch.add(_database(servers[kind]))
        self._servers |= servers

    def _run(self, environments: Mapping[str, dict[str, str]], announcement: str) -> list[str]:
        """Start services with these environments, or restart them if theirs was another; returns those not ready."""
        changed = [name for name, one in environments.items() if _lasting(one) != _lasting(self.environments.get(name))]
        running = [name for name in changed if name in self.environments]
        if running:
            say(f"Started again, as links, addresses or settings have changed: {', '.join(running)}.")
            self._processes.stop(*running)
        self.environments.update(environments)
        self._printer.add(changed)
        if announcement:
            say(announcement)
        for name in changed:
            self._processes.start(name)
            self._watch.add(self._service(name))
        try:
            self._processes.wait_until_ready(names=changed)
        except NotReady as error:
            return error.names
        return []

    def _remove(self, name: str) -> None:
        say(f"{name}/service.toml is gone, so {name} is stopped.")
        self._watch.remove(name)
        self._processes.stop(name)
        self._release(name)
        del self.environments[name]
        service = self._services.pop(name)
        for variable in (service.store_variable, service.owner_variable):
            self._stores.pop(variable, None)
        self._migrated.discard(service.store_variable)

    def _release(self, name: str) -> None:
        self._sockets.pop(name).close()

    def _service(self, name: str) -> Part:
        return Part(
            name,
            lambda: self._processes.has_crashed(name),
            lambda: "see above",
            lambda: self._processes.restart(name),
            lambda: self._processes.is_ready(name),
        )


def _lasting(environment: Mapping[str, str] | None) -> dict[str, str] | None:
    """Return what a service is restarted for."""
    if environment is None:
        return None
    return {name: value for name, value in environment.items() if name not in _FOR_PAGES}


def _database(server: EmbeddedServer) -> Part:
    return Part(server.name, lambda: not server.is_running, server.reason, server.launch, server.is_ready)


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
