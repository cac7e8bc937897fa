"""The databases of a run: one PostgreSQL and one MongoDB, with a database of each service for each side."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import asyncpg
from pydantic import SecretStr

from benchmarks.deployment import migrate
from benchmarks.plans import LARGE
from benchmarks.scenarios.growth.filling import Connection
from cli.dev.databases import create_database
from cli.dev.mongodb import EmbeddedMongoDB
from cli.dev.polling import eventually
from cli.dev.ports import free_port
from cli.dev.postgres import EmbeddedPostgres
from cli.dev.server import EmbeddedServer
from cli.services import SERVICES, STORED

EMPTY, GROWN = "empty", "grown"
SERVICES_WITH_TABLES = [service.name for service in SERVICES if service.store == "postgres"]
_EVENTS_S = 120.0
_SETTINGS = {"max_connections": "300", "shared_buffers": "1GB", "maintenance_work_mem": "512MB", "max_wal_size": "8GB"}
"""As a server of its own would have; the last two shorten the filling."""
_SCANNED = "SELECT relname FROM pg_stat_user_tables WHERE seq_scan > 0 AND n_live_tup >= $1 ORDER BY relname"


@dataclass(frozen=True, slots=True)
class Databases:
    """
    The databases of a side.

    Attributes:
        urls: Their addresses, by the names of the services' variables.
        postgres: The server that both sides share.
    """

    side: str
    urls: Mapping[str, str]
    postgres: EmbeddedPostgres

    def administrator(self, service: str) -> SecretStr:
        """Return the superuser's address of a service's database."""
        return self.postgres.administrator_url(_name(self.side, service))

    @asynccontextmanager
    async def open(self, service: str) -> AsyncIterator[Connection]:
        """Connect to the database of a service as the superuser."""
        connection = await asyncpg.connect(self.administrator(service).get_secret_value())
        try:
            yield connection
        finally:
            await connection.close()

    async def sample(self, service: str, query: str) -> list[str]:
        """Return the first column of a query's rows, as text."""
        async with self.open(service) as connection:
            return [str(row[0]) for row in await connection.fetch(query)]

    async def forget_scans(self) -> None:
        """Begin to count scans anew."""
        for service in SERVICES_WITH_TABLES:
            async with self.open(service) as connection:
                await connection.execute("SELECT pg_stat_reset()")

    async def scanned(self) -> list[str]:
        """Return the large tables that any statement has read from beginning to end since ``forget_scans``."""
        found = list[str]()
        for service in SERVICES_WITH_TABLES:
            async with self.open(service) as connection:
                found += [f"{service}: {row['relname']}" for row in await connection.fetch(_SCANNED, LARGE)]
        return found

    async def megabytes(self) -> float:
        """Return the size of all its databases in PostgreSQL."""
        names = [_name(self.side, service) for service in SERVICES_WITH_TABLES]
        async with self.open("order") as connection:
            total = await connection.fetchval(
                "SELECT sum(pg_database_size(name)) FROM unnest($1::text[]) AS name", names
            )
        return float(total) / 1e6

    def wait_for_events(self) -> None:
        """Wait until all events of orders are delivered."""
        assert asyncio.run(eventually(self._have_arrived, within=_EVENTS_S))

    async def _have_arrived(self) -> bool:
        async with self.open("order") as connection:
            return not await connection.fetchval("SELECT EXISTS (SELECT FROM outbox)")

    async def person_id(self, name: str) -> UUID:
        """Return the id of an account."""
        async with self.open("user") as connection:
            found = await connection.fetchval("SELECT id FROM users WHERE username = $1", name)
        assert isinstance(found, UUID)
        return found


@contextmanager
def open_stores(folder: Path, secrets: Mapping[str, str]) -> Iterator[tuple[list[Databases], list[int]]]:
    """
    Run the databases of both sides, migrated, until the end of the block; yields them and the roots of PostgreSQL.

    Raises:
        NotMigrated: A migration fails.
    """
    with (
        EmbeddedPostgres(folder / "postgres", free_port(), **_SETTINGS) as postgres,
        EmbeddedMongoDB(folder / "mongodb", free_port()) as mongodb,
    ):
        servers: dict[str, EmbeddedServer] = {"postgres": postgres, "mongodb": mongodb}
        sides = list[Databases]()
        for side in (EMPTY, GROWN):
            made = (create_database(servers[one.store], one, _name(side, one.name)) for one in STORED)
            urls = {variable: url for addresses in made for variable, url in addresses.items()}
            migrate({**secrets, **urls}, log=folder / f"{side}-migration.log")
            sides.append(Databases(side, urls, postgres))
        yield sides, [postgres.pid]


def _name(side: str, service: str) -> str:
    return f"{side}_{service}"
