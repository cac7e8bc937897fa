"""Several replicas of every service behind one nginx, and their databases: a PostgreSQL pair and a replica set."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.deployment import migrate, production, start, wait_until_ready
from benchmarks.processes import descendants_memory_mib
from cli.dev.databases import create_databases
from cli.dev.ports import free_port
from cli.dev.postgres_pair import PostgresPair
from cli.dev.processes import SupervisedProcess, stop_all
from cli.dev.replica_set import EmbeddedReplicaSet
from cli.dev.server import CLEAN_ENVIRONMENT
from cli.services import SERVICES

POOL_SIZE = 5
"""Connections of a worker, as Kubernetes and docker-compose.prod.yml set it: 12 workers of 3 services fit into 300."""
MAX_CONNECTIONS = 300
MEMBERS = 3
"""The members of MongoDB's replica set."""
_START_S = 180.0
"""Seconds for twelve replicas that start at the same time."""
_KEEPALIVE = 64
"""Idle connections kept to the replicas of a service."""
_REST_S = 1
"""Seconds for which nginx avoids a replica that refuses connections."""


@dataclass(frozen=True, slots=True)
class Step:
    """The size of the deployment in a step; *workers* of each replica."""

    workers: int
    replicas: int

    def __str__(self) -> str:
        return f"{self.workers} x {self.replicas}"


@dataclass(frozen=True, slots=True)
class Databases:
    """The servers, and the addresses by the names of the services' variables."""

    postgres: PostgresPair
    mongodb: EmbeddedReplicaSet
    addresses: Mapping[str, str]


@contextmanager
def open_databases(folder: Path, secrets: Mapping[str, str]) -> Iterator[Databases]:
    """
    Run the databases, migrated, until the end of the block.

    Raises:
        NotMigrated: A migration fails.
        CommandError: A server does not start.
    """
    with (
        PostgresPair(folder / "postgres", max_connections=str(MAX_CONNECTIONS)).running() as postgres,
        EmbeddedReplicaSet(folder / "mongodb", MEMBERS).running() as mongodb,
    ):
        addresses = create_databases({"postgres": postgres, "mongodb": mongodb})
        migrate({**secrets, **addresses})
        yield Databases(postgres, mongodb, addresses)


@dataclass(frozen=True, slots=True)
class Fleet:
    """All running services; every address in the *environment* is nginx's."""

    environment: Mapping[str, str]
    replicas: Mapping[str, Sequence[SupervisedProcess]]
    nginx: SupervisedProcess

    @property
    def memory_mib(self) -> float:
        """The memory of all replicas, masters and workers."""
        every = [replica for replicas in self.replicas.values() for replica in replicas]
        return sum(descendants_memory_mib(replica.pid) for replica in every)


@contextmanager
def running_fleet(
    stores: Mapping[str, str], secrets: Mapping[str, str], folder: Path, step: Step, nginx: str
) -> Iterator[Fleet]:
    """
    Run every service with its replicas, ready for use, until the end of the block.

    Args:
        stores: The addresses of the databases, by the names of their variables.
        folder: For their output; it is created.
        nginx: The path of the program.

    Raises:
        NotReady: A replica does not start.
    """
    folder.mkdir()
    entrances = {service.name: free_port() for service in SERVICES}
    ports = {service.name: [free_port() for _ in range(step.replicas)] for service in SERVICES}
    own = {"DATABASE_POOL_SIZE": str(POOL_SIZE), "REPLICAS": str(step.replicas)}
    environment = production(stores, secrets, entrances) | own
    started = [_start_nginx(nginx, folder / "nginx", entrances, ports)]
    try:
        replicas = {service.name: list[SupervisedProcess]() for service in SERVICES}
        for service in SERVICES:
            for number, port in enumerate(ports[service.name]):
                log = folder / f"{service.name}-{number}.log"
                started.append(start(service, environment, port=port, workers=step.workers, log=log))
                replicas[service.name].append(started[-1])
        for name in replicas:
            for number, port in enumerate(ports[name]):
                wait_until_ready(port, folder / f"{name}-{number}.log", _START_S)
        yield Fleet(environment, replicas, started[0])
    finally:
        stop_all(started)


def _start_nginx(
    program: str, folder: Path, entrances: Mapping[str, int], replicas: Mapping[str, Sequence[int]]
) -> SupervisedProcess:
    """Start nginx with its files in *folder*; *entrances* and *replicas* are the ports of each service."""
    folder.mkdir()
    file = folder / "nginx.conf"
    file.write_text(nginx_configuration(folder, entrances, replicas), encoding="utf-8")
    command = [program, "-p", str(folder), "-c", str(file)]
    with (folder / "nginx.log").open("wb") as log:
        return SupervisedProcess(command, environment=CLEAN_ENVIRONMENT, folder=folder, output=log)


def nginx_configuration(folder: Path, entrances: Mapping[str, int], replicas: Mapping[str, Sequence[int]]) -> str:
    """
    Return nginx's configuration: for each service a port of its own, and its replicas behind it.

    There are no limits: the edge with its rules is deploy/nginx, which would answer 429 to a customer
    who orders as fast as this one. Between services on Kubernetes there are no limits, either.
    """
    places = [f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")]
    services = [_upstream(name, entrances[name], ports) for name, ports in replicas.items()]
    return "\n".join(
        [
            "daemon off;",
            "master_process off;",  # one process: it would be the only worker, and is never reconfigured
            f"pid {folder}/nginx.pid;",
            "error_log stderr warn;",
            "events { worker_connections 4096; }",
            "http {",
            "access_log off;",
            *places,
            *services,
            "}",
            "",
        ]
    )


def _upstream(name: str, entrance: int, ports: Sequence[int]) -> str:
    servers = " ".join(f"server 127.0.0.1:{port} max_fails=1 fail_timeout={_REST_S}s;" for port in ports)
    return f"""upstream {name} {{ {servers} keepalive {_KEEPALIVE}; }}
server {{
    listen 127.0.0.1:{entrance};
    location / {{
        proxy_pass http://{name};
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_set_header Host $http_host;
        proxy_connect_timeout 1s;
        proxy_read_timeout 35s;
    }}
}}"""
