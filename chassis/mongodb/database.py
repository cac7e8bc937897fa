"""MongoDB: one client per process, majority writes. No other module imports motor."""

from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorClientSession, AsyncIOMotorCursor, AsyncIOMotorDatabase
from pydantic import AfterValidator, SecretStr
from pymongo import IndexModel, MongoClient
from pymongo.database import Database as BlockingDatabase
from pymongo.errors import BulkWriteError, DuplicateKeyError, PyMongoError
from pymongo.read_concern import ReadConcern

from chassis.application import application_of
from chassis.core.clock import utc_now
from chassis.core.errors import DatabaseUnavailable
from chassis.mongodb.dsn import checked
from chassis.mongodb.errors import is_unavailable
from chassis.mongodb.instrumentation import CommandSpans, PoolMeter
from chassis.sealing.envelope import CLAIM_SECONDS
from chassis.telemetry import tracing
from chassis.telemetry.metrics import OVERDUE, POOL_LIMIT

POOL_SIZE = 100
"""The largest number of connections to each server; they are opened as needed."""
CONNECT_TIMEOUT_MS = 1000
HEARTBEAT_MS = 1000
"""How often each server is checked. A server that has refused a login is used again only after the next check."""
STATEMENT_TIMEOUT_MS = 10_000
"""The timeout of a statement, including the wait for a server: with it, PyMongo has no separate limit for that."""

Document = dict[str, Any]
MotorDatabase = AsyncIOMotorDatabase[Document]
MotorCursor = AsyncIOMotorCursor[Document]
MotorSession = AsyncIOMotorClientSession
T = TypeVar("T")
Indexes = Mapping[str, Sequence[IndexModel]]
"""Collection -> its indexes."""

_DUPLICATE_KEY = 11000
_CLAIMS = "sealed_requests"
_CHASSIS_INDEXES: Indexes = {_CLAIMS: [IndexModel("claimed_at", expireAfterSeconds=CLAIM_SECONDS)]}


MongoUrl = Annotated[SecretStr, AfterValidator(checked)]
"""A MongoDB address in a service's settings; it names the database."""


class MongoDB:
    """A service's MongoDB database."""

    name = "mongodb"

    def __init__(self, url: SecretStr, application: str) -> None:
        self._url = url
        self._application = application

    async def open(self) -> None:
        """Create the client; it connects in the background, and reconnects as needed."""
        self._client: AsyncIOMotorClient[Document] = AsyncIOMotorClient(
            self._url.get_secret_value(),
            appname=self._application,
            tz_aware=True,
            w="majority",
            heartbeatFrequencyMS=HEARTBEAT_MS,
            connectTimeoutMS=CONNECT_TIMEOUT_MS,
            timeoutMS=STATEMENT_TIMEOUT_MS,
            maxPoolSize=POOL_SIZE,
            event_listeners=[PoolMeter(), *([CommandSpans()] if tracing.is_on() else [])],
        )
        POOL_LIMIT.labels(self.name).inc(POOL_SIZE)
        self._database: MotorDatabase = self._client.get_default_database()

    async def close(self) -> None:
        """Close every connection."""
        POOL_LIMIT.labels(self.name).dec(POOL_SIZE)
        self._client.close()

    async def check(self) -> int:
        """Read a collection, and return the time of the server in milliseconds since 1970."""
        await self._database[_CLAIMS].find_one({}, ["_id"])
        local_time: datetime = (await self._database.command("hello"))["localTime"]
        return round(local_time.timestamp() * 1000)

    async def describe(self) -> Mapping[str, object]:
        """
        Return the server's version and the pool of this process.

        Raises:
            DatabaseUnavailable: The database does not answer (503).
        """
        async with self.use() as database:
            version = (await database.command("buildInfo"))["version"]
        return {"kind": self.name, "version": version, "database": database.name, "pool": {"size": POOL_SIZE}}

    @asynccontextmanager
    async def use(self) -> AsyncIterator[MotorDatabase]:
        """
        Yield the database.

        Raises:
            DatabaseUnavailable: The database became unavailable, or refuses our login (503).
        """
        try:
            yield self._database
        except PyMongoError as error:
            if is_unavailable(error):
                raise DatabaseUnavailable from error
            raise

    async def claim(self, issuer: str, request_id: str) -> bool:
        """Store the nonce of a sealed request; return False if it was used before."""
        claim = {"_id": {"issuer": issuer, "request_id": request_id}, "claimed_at": utc_now()}
        async with self.use() as database:
            try:
                await database[_CLAIMS].insert_one(claim)
            except DuplicateKeyError:
                return False
        return True

    async def purge_expired(self) -> None:
        """Measure the delay of the TTL index, by which MongoDB deletes nonces older than 120 s."""
        ends = utc_now() - timedelta(seconds=CLAIM_SECONDS)
        async with self.use() as database:
            oldest = await database[_CLAIMS].find_one({"claimed_at": {"$lt": ends}}, sort=[("claimed_at", 1)])
        OVERDUE.labels(_CLAIMS).set((ends - oldest["claimed_at"]).total_seconds() if oldest else 0)


async def in_transaction(database: MotorDatabase, work: Callable[[MotorSession], Coroutine[Any, Any, T]]) -> T:
    """
    Run *work* in one transaction, which reads a snapshot from its beginning.

    If another transaction changes the same documents in the meantime, this one is rolled back and *work* runs again.
    """
    async with await database.client.start_session() as session:
        done: T = await session.with_transaction(work, read_concern=ReadConcern("snapshot"))
        return done


def duplicates_in(error: BulkWriteError) -> set[int]:
    """
    Return the positions of documents that existed already, if there was no other error.

    Raises:
        BulkWriteError: There was another error.
    """
    details: Mapping[str, Any] = error.details or {}
    failures = details["writeErrors"]
    if details["writeConcernErrors"] or any(failure["code"] != _DUPLICATE_KEY for failure in failures):
        raise error
    return {failure["index"] for failure in failures}


def create_indexes(
    url: SecretStr,
    indexes: Indexes,
    migrate: Callable[[BlockingDatabase[Document]], list[str]] = lambda _database: [],
) -> list[str]:
    """
    Create the missing indexes of a service and of the chassis. This blocks: it is for the command line.

    Args:
        migrate: Called first with the database; migrates the data of earlier versions and returns what it did.

    Returns:
        What was done, in a line each.

    Raises:
        PyMongoError: The database does not answer, or an index of the same name has other fields or options.
    """
    with MongoClient[Document](
        url.get_secret_value(), tz_aware=True, serverSelectionTimeoutMS=STATEMENT_TIMEOUT_MS
    ) as client:
        database = client.get_default_database()
        done = migrate(database)
        created = dict[str, int]()
        for collection, models in {**indexes, **_CHASSIS_INDEXES}.items():
            if models:
                before = database[collection].index_information()
                names = set(database[collection].create_indexes(list(models)))
                created[collection] = len(names - before.keys())
    if counts := [f"{collection} ({count})" for collection, count in created.items() if count]:
        done.append(f"created indexes: {', '.join(counts)}")
    return done


async def _database(request: Request) -> AsyncIterator[MotorDatabase]:
    store = application_of(request.app).store
    assert isinstance(store, MongoDB)
    async with store.use() as database:
        yield database


Database = Annotated[MotorDatabase, Depends(_database)]
"""The service's database, as a dependency of routes."""
