"""The databases of a run: PostgreSQL with a standby, and a replica set of MongoDB."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.deployment import migrate
from benchmarks.scenarios.scale.plan import MAX_CONNECTIONS, MEMBERS
from cli.dev.postgres_pair import PostgresPair
from cli.dev.replica_set import EmbeddedReplicaSet
from cli.services import SERVICES


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
        servers: dict[str, PostgresPair | EmbeddedReplicaSet] = {"postgres": postgres, "mongodb": mongodb}
        addresses = {
            service.store_variable: servers[service.store].create_database(service.database) for service in SERVICES
        }
        migrate({**secrets, **addresses})
        yield Databases(postgres, mongodb, addresses)
