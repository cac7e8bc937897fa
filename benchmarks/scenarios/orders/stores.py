"""The databases of a run: one PostgreSQL for all sides, with the same tables in each, and our MongoDB."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import asyncpg

from benchmarks.deployment import migrate
from chassis.core.types import new_id
from cli.dev.databases import create_databases
from cli.dev.mongodb import EmbeddedMongoDB
from cli.dev.polling import eventually
from cli.dev.ports import free_port
from cli.dev.postgres import EmbeddedPostgres

OURS, PLAIN, USUAL = "ours", "plain", "usual"
ORDERS, PRODUCTS = "ORDER_DATABASE_URL", "PRODUCT_DATABASE_URL"
_DATABASES = {
    OURS: ("order_service", "product_service"),
    PLAIN: ("plain_order", "plain_product"),
    USUAL: ("usual_order", "usual_product"),
}
_STOCK = 1_000_000_000
_CONNECTIONS = "400"
"""Enough for three sides with four processes each of order and product."""
_EVENTS_S = 60.0
_ADD_PRODUCT = "INSERT INTO products (id, name, price_minor, currency, stock) VALUES ($1, 'Teapot', 1999, 'EUR', $2)"
_ADD_MOVEMENT = "INSERT INTO stock_movements (id, product_id, quantity, kind) VALUES ($1, $2, $3, 'initial')"
_COUNTS = """
    SELECT (SELECT sum(xact_commit) FROM pg_stat_database WHERE datname = ANY ($1)) AS commits,
           (SELECT sum(fsyncs) FROM pg_stat_io WHERE object = 'wal') AS flushes
"""
"""Transactions of one side's databases, and flushes of the log that all share; up to a second behind."""


@dataclass(frozen=True, slots=True)
class Stores:
    """
    The databases.

    Attributes:
        ours: The addresses, by the names of the services' variables.
        postgres_pids: The roots of the servers' process trees.
        mongodb_pids: The same for MongoDB.
        peers: The addresses of each peer's databases, by its side; empty if none is run.
    """

    ours: Mapping[str, str]
    postgres_pids: Sequence[int]
    mongodb_pids: Sequence[int]
    peers: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def counts(self, side: str) -> dict[str, int]:
        """Read PostgreSQL's counters of a side."""
        return asyncio.run(self._counts(side))

    def wait_for_events(self) -> None:
        """Wait until all our events are delivered."""
        assert asyncio.run(eventually(self._have_arrived, within=_EVENTS_S))

    async def add_products(self, ids: Sequence[str]) -> None:
        """Create the same products on all sides, with enough stock for every order."""
        for side in (self.ours, *self.peers.values()):
            async with asyncpg.create_pool(dsn(side[PRODUCTS]), min_size=1) as pool:
                await pool.executemany(_ADD_PRODUCT, [(UUID(one), _STOCK) for one in ids])
                await pool.executemany(_ADD_MOVEMENT, [(new_id(), UUID(one), _STOCK) for one in ids])

    async def _counts(self, side: str) -> dict[str, int]:
        async with asyncpg.create_pool(dsn(self.ours[ORDERS]), min_size=1) as pool:
            row = await pool.fetchrow(_COUNTS, list(_DATABASES[side]))
        assert row
        return {name: int(row[name]) for name in ("commits", "flushes")}

    async def _have_arrived(self) -> bool:
        async with asyncpg.create_pool(dsn(self.ours[ORDERS]), min_size=1) as pool:
            return not await pool.fetchval("SELECT count(*) FROM outbox")


@contextmanager
def open_stores(folder: Path, secrets: Mapping[str, str], peers: Sequence[str] = (PLAIN, USUAL)) -> Iterator[Stores]:
    """
    Run the databases, migrated, until the end of the block; those of *peers*, too.

    Raises:
        NotMigrated: A migration fails.
    """
    with (
        EmbeddedPostgres(folder / "postgres", free_port(), max_connections=_CONNECTIONS) as postgres,
        EmbeddedMongoDB(folder / "mongodb", free_port()) as mongodb,
    ):
        ours = create_databases({"postgres": postgres, "mongodb": mongodb})
        theirs = {
            side: dict(zip((ORDERS, PRODUCTS), map(postgres.create_database, _DATABASES[side]), strict=True))
            for side in peers
        }
        migrate({**secrets, **ours})
        for addresses in theirs.values():
            migrate(addresses, "order")
            migrate(addresses, "product")
        yield Stores(ours, [postgres.pid], [mongodb.pid], theirs)


def dsn(url: str) -> str:
    """Return an address in asyncpg's form."""
    return url.replace("+asyncpg", "")
