"""The databases of a run: one MongoDB for both sides, with the same indexes, and those of the user service."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr
from pymongo import MongoClient
from pymongo.database import Database

from analytics.models import DAY_COUNTS, DIRTY_MINUTES, EVENTS, INDEXES, MINUTE_COUNTS, USER_DAYS
from benchmarks.deployment import migrate
from chassis.mongodb.database import Document, create_indexes
from cli.dev.mongodb import EmbeddedMongoDB
from cli.dev.polling import eventually
from cli.dev.ports import free_port
from cli.dev.postgres import EmbeddedPostgres

OURS, PLAIN = "ours", "plain"
_COUNTED_S = 120.0
_CACHE_GB = 1.0
"""The cache of MongoDB. A dedicated server would have more; with less, reading ten million events would be slower."""


@dataclass(frozen=True, slots=True)
class Stores:
    """The databases, and the process of MongoDB."""

    environment: Mapping[str, str]
    """The addresses of the service's databases, by the names of its variables."""
    urls: Mapping[str, str]
    """The addresses in MongoDB, by side."""
    mongodb: EmbeddedMongoDB

    @contextmanager
    def open(self, side: str) -> Iterator[Database[Document]]:
        """Open a side's database."""
        with MongoClient[Document](self.urls[side], tz_aware=True) as client:
            yield client.get_default_database()

    def wait_until_counted(self) -> None:
        """Wait until all arrived events are counted."""
        assert asyncio.run(eventually(self._is_counted, within=_COUNTED_S))

    async def _is_counted(self) -> bool:
        with self.open(OURS) as database:
            return database[DIRTY_MINUTES].find_one() is None

    def empty(self) -> None:
        """Delete all events of both sides, and all counts."""
        for side in self.urls:
            with self.open(side) as database:
                for collection in (EVENTS, DIRTY_MINUTES, MINUTE_COUNTS, DAY_COUNTS, USER_DAYS):
                    database.drop_collection(collection)

    def index(self) -> None:
        """Create the indexes of both sides."""
        for url in self.urls.values():
            create_indexes(SecretStr(url), INDEXES)

    def bytes(self) -> int:
        """Return the size of all data on disk."""
        return sum(file.stat().st_size for file in (self.mongodb.folder / "data").rglob("*") if file.is_file())


@contextmanager
def open_stores(folder: Path, secrets: Mapping[str, str]) -> Iterator[Stores]:
    """
    Run the databases, migrated, until the end of the block.

    Raises:
        NotMigrated: A migration fails.
    """
    with (
        EmbeddedPostgres(folder / "postgres", free_port()) as postgres,
        EmbeddedMongoDB(folder / "mongodb", free_port(), cache_gb=_CACHE_GB) as mongodb,
    ):
        environment = {
            "USER_DATABASE_URL": postgres.create_database("user_service"),
            "ANALYTICS_MONGODB_URL": mongodb.create_database("analytics"),
        }
        urls = {OURS: environment["ANALYTICS_MONGODB_URL"], PLAIN: mongodb.create_database("plain")}
        for service in ("analytics", "user"):
            migrate({**secrets, **environment}, service)
        create_indexes(SecretStr(urls[PLAIN]), INDEXES)
        yield Stores(environment, urls, mongodb)
