from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from pydantic import SecretStr
from pymongo.errors import (
    BulkWriteError,
    DuplicateKeyError,
    NotPrimaryError,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
    WriteConcernError,
)

from chassis.core.clock import unix_ms
from chassis.core.errors import DatabaseUnavailable
from chassis.mongodb.database import MongoDB
from cli.dev.mongodb import EmbeddedMongoDB

STEPPED_DOWN = {"code": 11602, "errmsg": "operation was interrupted"}


@pytest.fixture
async def mongodb_away() -> AsyncIterator[MongoDB]:
    """A database client that is never connected."""
    store = MongoDB(SecretStr("mongodb://127.0.0.1:1/nothing"), "test")
    await store.open()
    yield store
    await store.close()


@pytest.mark.parametrize(
    "error",
    [
        ServerSelectionTimeoutError("no primary"),
        NotPrimaryError("not primary"),
        WriteConcernError("operation was interrupted", 11602, STEPPED_DOWN),
        BulkWriteError({"writeErrors": [{"index": 0, "code": 11000}], "writeConcernErrors": [STEPPED_DOWN]}),
        BulkWriteError({"writeErrors": [{"index": 0, "code": 14031}], "writeConcernErrors": []}),
        OperationFailure("labelled", 4711, {"errorLabels": ["RetryableWriteError"]}),
        OperationFailure("labelled", 4711, {"errorLabels": ["TransientTransactionError"]}),
        *(
            OperationFailure("code", code)
            for code in (
                *(6, 7, 13, 18, 24, 50, 89, 91, 112, 134, 189, 211, 262, 391),
                *(8000, 9001, 10107, 11600, 11602, 13435, 13436, 14031),
            )
        ),
    ],
    ids=lambda error: f"{type(error).__name__} {getattr(error, 'code', '')}",
)
async def test_a_database_that_went_away_meanwhile_is_unavailable(mongodb_away: MongoDB, error: PyMongoError) -> None:
    """A lost server, also one that lost its primary role during a write, is a 503 that may be retried."""
    with pytest.raises(DatabaseUnavailable):
        async with mongodb_away.use():
            raise error


@pytest.mark.parametrize(
    "error",
    [
        DuplicateKeyError("twice", 11000),
        BulkWriteError({"writeErrors": [{"index": 0, "code": 121}], "writeConcernErrors": []}),
        OperationFailure("unrecognized pipeline stage", 40324),
        OperationFailure("labelled", 2, {"errorLabels": ["Other"]}),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_what_coming_again_would_not_mend_stays_an_error(mongodb_away: MongoDB, error: PyMongoError) -> None:
    """An error that a retry would not fix is a 500."""
    with pytest.raises(type(error)):
        async with mongodb_away.use():
            raise error


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[MongoDB]:
    """A store, closed in any case."""
    store = MongoDB(SecretStr(url), "test")
    await store.open()
    try:
        yield store
    finally:
        await store.close()


async def test_a_changed_password_is_unavailable(mongodb: EmbeddedMongoDB) -> None:
    """A refused password (code 18) is a 503 for requests, and readiness names the database; neither waits long."""
    url = mongodb.create_database("rotated")
    mongodb.create_database("rotated")  # sets another password
    async with opened(url) as store:
        with pytest.raises(DatabaseUnavailable):
            await store.claim("order", "1")
        with pytest.raises(OperationFailure, match="Authentication failed"):  # not a timeout
            await store.check()


async def test_the_time_is_the_servers(mongodb: EmbeddedMongoDB) -> None:
    """The server's time is returned in milliseconds since 1970; here both share one clock."""
    async with opened(mongodb.create_database("timed")) as store:
        assert await store.check() == pytest.approx(unix_ms(), abs=5000)
