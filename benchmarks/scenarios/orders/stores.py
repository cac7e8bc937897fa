"""The databases of a run: one PostgreSQL for both sides, with the same tables in each, and our MongoDB."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import asyncpg

from benchmarks.deployment import migrate
from benchmarks.scenarios.orders.plan import OURS, PLAIN
from chassis.core.ids import new_id
from cli.dev.mongodb import EmbeddedMongoDB
from cli.dev.ports import free_port
from cli.dev.postgres import EmbeddedPostgres
from cli.services import SERVICES

ORDERS, PRODUCTS = "ORDER_DATABASE_URL", "PRODUCT_DATABASE_URL"
_DATABASES = {OURS: ("order_service", "product_service"), PLAIN: ("plain_order", "plain_product")}
_STOCK = 1_000_000_000
_ADD_PRODUCT = "INSERT INTO products (id, name, price_minor, currency, stock) VALUES ($1, 'Teapot', 1999, 'EUR', $2)"
_ADD_MOVEMENT = "INSERT INTO stock_movements (id, product_id, quantity, kind) VALUES ($1, $2, $3, 'initial')"
_COUNTS = """
    SELECT (SELECT sum(xact_commit) FROM pg_stat_database WHERE datname = ANY ($1)) AS commits,
           (SELECT sum(fsyncs) FROM pg_stat_io WHERE object = 'wal') AS flushes
"""


@dataclass(frozen=True, slots=True)
class Counts:
    """What PostgreSQL has counted so far; up to a second behind, so that short turns count a little for each other."""

    commits: int
    """Transactions of one side's databases."""
    flushes: int
    """Of the log that all databases share."""


@dataclass(frozen=True, slots=True)
class Stores:
    """The addresses of the databases, by the names of the services' variables; *plain* is empty where it is not run."""

    ours: Mapping[str, str]
    plain: Mapping[str, str]

    async def counts(self, side: str) -> Counts:
        """Read PostgreSQL's counters."""
        async with asyncpg.create_pool(dsn(self.ours[ORDERS]), min_size=1) as pool:
            row = await pool.fetchrow(_COUNTS, list(_DATABASES[side]))
        assert row
        return Counts(int(row["commits"]), int(row["flushes"]))

    async def have_delivered(self) -> bool:
        """Whether all our events have arrived."""
        async with asyncpg.create_pool(dsn(self.ours[ORDERS]), min_size=1) as pool:
            return not await pool.fetchval("SELECT count(*) FROM outbox")

    async def add_products(self, ids: Sequence[str]) -> None:
        """Give both sides the same products, of which there is as much as anybody wants."""
        for side in filter(None, (self.ours, self.plain)):
            async with asyncpg.create_pool(dsn(side[PRODUCTS]), min_size=1) as pool:
                await pool.executemany(_ADD_PRODUCT, [(UUID(one), _STOCK) for one in ids])
                await pool.executemany(_ADD_MOVEMENT, [(new_id(), UUID(one), _STOCK) for one in ids])


@contextmanager
def open_stores(folder: Path, secrets: Mapping[str, str]) -> Iterator[Stores]:
    """
    Run the databases, migrated, until the end of the block.

    Raises:
        NotMigrated: A migration fails.
    """
    with (
        EmbeddedPostgres(folder / "postgres", free_port()) as postgres,
        EmbeddedMongoDB(folder / "mongodb", free_port()) as mongodb,
    ):
        ours = {
            service.store_variable: (postgres if service.store == "postgres" else mongodb).create_database(
                service.database
            )
            for service in SERVICES
        }
        orders, products = map(postgres.create_database, _DATABASES[PLAIN])
        stores = Stores(ours, {ORDERS: orders, PRODUCTS: products})
        migrate({**secrets, **ours})
        migrate(stores.plain, "order")
        migrate(stores.plain, "product")
        yield stores


def dsn(url: str) -> str:
    """Give an address as asyncpg takes it."""
    return url.replace("+asyncpg", "")
