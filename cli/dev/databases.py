"""The databases of a development stack: configured ones, and embedded ones where none is configured."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Protocol, cast
from urllib.parse import urlsplit

from cli.dev.environment import running_environment
from cli.dev.files import DEVELOPMENT, LOCK
from cli.dev.lock import exclusive, is_held
from cli.dev.mongodb import EmbeddedMongoDB
from cli.dev.ports import free_port
from cli.dev.postgres import EmbeddedPostgres
from cli.dev.secrets import password_names
from cli.dev.server import EmbeddedServer, running
from cli.services import SERVICES, STORED, Service

# Not the default ports, which installed servers use; below the range of outgoing connections.
DATABASE_PORTS = {"postgres": 15432, "mongodb": 17017}

_ENGINES: dict[str, type[EmbeddedServer]] = {"postgres": EmbeddedPostgres, "mongodb": EmbeddedMongoDB}


class DatabaseServer(Protocol):
    """Creates databases: an embedded server, or several that act as one."""

    def create_database(self, name: str, password: str | None = None, /) -> str:
        """Create a database; returns its address."""


class PostgresServer(DatabaseServer, Protocol):
    """One of PostgreSQL."""

    def create_reflected(
        self, name: str, schema: str, password: str | None = None, owner_password: str | None = None, /
    ) -> tuple[str, str]:
        """Create a database with two roles; returns their addresses, the owner's last."""


def create_database(
    server: DatabaseServer, service: Service, name: str = "", secrets: Mapping[str, str] = MappingProxyType({})
) -> dict[str, str]:
    """
    Make sure that the database of a service is on its server; returns its addresses by variable name.

    Args:
        name: The name of the database, if it is not the usual one.
        secrets: Contains the passwords; one that is missing is generated, and replaces an earlier one.
    """
    name, passwords = name or service.database, map(secrets.get, password_names(service))
    if service.kind == "reflected":
        addresses = cast("PostgresServer", server).create_reflected(name, service.name, *passwords)
        return dict(zip((service.store_variable, service.owner_variable), addresses, strict=True))
    return {service.store_variable: server.create_database(name, *passwords)}


def create_databases(servers: Mapping[str, DatabaseServer]) -> dict[str, str]:
    """Create the database of every service; *servers* by kind. Returns the addresses by the services' variables."""
    made = (create_database(servers[service.store], service) for service in STORED)
    return {variable: url for addresses in made for variable, url in addresses.items()}


def embedded(service: Service) -> EmbeddedServer:
    """Return the embedded server with the development database of a service; the stack must not be running."""
    return _ENGINES[service.store](DEVELOPMENT / service.store, free_port())


@contextmanager
def reach(service: Service) -> Iterator[EmbeddedServer | None]:
    """
    Yield the embedded server with the development database of a service: the running stack's, or one for the block.

    Yields None if there is no development data.

    Raises:
        CommandError: The server does not start, another command uses the data, or the stack runs without the service.
    """
    if not service.store or not (DEVELOPMENT / service.store).exists():
        yield None
    elif is_held(LOCK):
        address = urlsplit(running_environment([service])[service.store_variable])
        yield _ENGINES[service.store](DEVELOPMENT / service.store, int(address.netloc.rpartition(":")[2]))
    else:
        with exclusive(LOCK), embedded(service) as server:
            yield server


@contextmanager
def open_databases(
    folder: Path,
    given: Mapping[str, str],
    secrets: Mapping[str, str],
    choose_port: Callable[[str, int], int],
    services: Sequence[Service] = SERVICES,
    running_servers: Mapping[str, EmbeddedServer] = MappingProxyType({}),
) -> Iterator[tuple[dict[str, str], dict[str, EmbeddedServer]]]:
    """
    Run the embedded servers for the block; yields the URLs of all databases by variable name, and the servers by kind.

    Args:
        folder: The folder for the data of embedded servers.
        given: The environment; a database whose variable is set in it is used as it is.
        secrets: Contains the passwords of embedded databases.
        choose_port: Called with a name and the preferred port; returns the port to try. Called again if another program
            took the port first.
        services: Those that need a database.
        running_servers: Servers that run already, by kind; they keep running.

    Raises:
        CommandError: A server does not start.
    """
    stored = [service for service in services if service.store]
    variables = {name for service in stored for name in (service.store_variable, service.owner_variable)}
    urls = {name: given[name] for name in variables if given.get(name)}
    missing = [service for service in stored if service.store_variable not in urls]
    kinds = {service.store for service in missing}
    new = sorted(kinds - running_servers.keys())
    servers: dict[str, EmbeddedServer] = {
        kind: _ENGINES[kind](folder / kind, choose_port(kind, DATABASE_PORTS[kind])) for kind in new
    }
    kind_of = {server: kind for kind, server in servers.items()}

    def other_port(server: EmbeddedServer) -> int:
        return choose_port(kind_of[server], DATABASE_PORTS[kind_of[server]])

    with running(servers.values(), other_port):
        for service in missing:
            server = servers.get(service.store) or running_servers[service.store]
            urls |= create_database(server, service, secrets=secrets)
        yield urls, servers
