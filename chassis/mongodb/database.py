"""MongoDB: one client per process, majority writes. The only module that knows motor."""

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
"""Connections to each server; opened as they are needed."""
CONNECT_TIMEOUT_MS = 1000
HEARTBEAT_MS = 1000
"""How often each server is looked at. One that has refused a login is used again after it was looked at, not before."""
STATEMENT_TIMEOUT_MS = 10_000
"""How long a statement may take, waiting for a server included: PyMongo has no other limit for that with this one."""

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
        """Make the client; it connects in the background, and again whenever it must."""
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
        """Ask for its time, and read, for which it must let us in."""
        await self._database[_CLAIMS].find_one({}, ["_id"])
        local_time: datetime = (await self._database.command("hello"))["localTime"]
        return round(local_time.timestamp() * 1000)

    @asynccontextmanager
    async def use(self) -> AsyncIterator[MotorDatabase]:
        """
        Yield the database.

        Raises:
            DatabaseUnavailable: It went away meanwhile, or does not let us in (503).
        """
        try:
            yield self._database
        except PyMongoError as error:
            if is_unavailable(error):
                raise DatabaseUnavailable from error
            raise

    async def claim(self, issuer: str, request_id: str) -> bool:
        """Remember a sealed request; False if it was there already."""
        claim = {"_id": {"issuer": issuer, "request_id": request_id}, "claimed_at": utc_now()}
        async with self.use() as database:
            try:
                await database[_CLAIMS].insert_one(claim)
            except DuplicateKeyError:
                return False
        return True

    async def purge_expired(self) -> None:
        """Measure how far MongoDB is behind with deleting claims older than 120 s, which its TTL index has it do."""
        ends = utc_now() - timedelta(seconds=CLAIM_SECONDS)
        async with self.use() as database:
            oldest = await database[_CLAIMS].find_one({"claimed_at": {"$lt": ends}}, sort=[("claimed_at", 1)])
        OVERDUE.labels(_CLAIMS).set((ends - oldest["claimed_at"]).total_seconds() if oldest else 0)


async def in_transaction(database: MotorDatabase, work: Callable[[MotorSession], Coroutine[Any, Any, T]]) -> T:
    """
    Do *work* in one transaction, which sees the database as it was at its beginning.

    If another transaction changes meanwhile what this one changes, all of it is undone and done again.
    """
    async with await database.client.start_session() as session:
        done: T = await session.with_transaction(work, read_concern=ReadConcern("snapshot"))
        return done


def duplicates_in(error: BulkWriteError) -> set[int]:
    """
    Return the positions of documents that existed already, if there was no other error.

    Raises:
        BulkWriteError: Something else did.
    """
    details: Mapping[str, Any] = error.details or {}
    failures = details["writeErrors"]
    if details["writeConcernErrors"] or any(failure["code"] != _DUPLICATE_KEY for failure in failures):
        raise error
    return {failure["index"] for failure in failures}


def create_indexes(
    url: SecretStr, indexes: Indexes, migrate: Callable[[BlockingDatabase[Document]], None] = lambda _database: None
) -> None:
    """
    Make a service's indexes and the chassis's, as far as they are not there; for the command line, so it blocks.

    Args:
        migrate: Called before with the database; brings what earlier versions left there to what this one expects.
    """
    with MongoClient[Document](
        url.get_secret_value(), tz_aware=True, serverSelectionTimeoutMS=STATEMENT_TIMEOUT_MS
    ) as client:
        database = client.get_default_database()
        migrate(database)
        for collection, models in {**indexes, **_CHASSIS_INDEXES}.items():
            if models:
                database[collection].create_indexes(list(models))


async def _database(request: Request) -> AsyncIterator[MotorDatabase]:
    store = application_of(request.app).store
    assert isinstance(store, MongoDB)
    async with store.use() as database:
        yield database


Database = Annotated[MotorDatabase, Depends(_database)]
"""The service's database, as a route asks for it."""
