from collections.abc import AsyncIterator

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

from chassis.mongodb import MongoDB
from chassis.store import DatabaseUnavailable

STEPPED_DOWN = {"code": 11602, "errmsg": "operation was interrupted"}


@pytest.fixture
async def mongodb_away() -> AsyncIterator[MongoDB]:
    """A database that nobody asks anything."""
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
        OperationFailure("No keys found for HMAC that is valid for time", 211),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_a_database_that_went_away_meanwhile_is_unavailable(mongodb_away: MongoDB, error: PyMongoError) -> None:
    """Also where another member has become the primary while a write waited for the majority: come again."""
    with pytest.raises(DatabaseUnavailable):
        async with mongodb_away.use():
            raise error


@pytest.mark.parametrize(
    "error",
    [
        DuplicateKeyError("twice", 11000),
        BulkWriteError({"writeErrors": [{"index": 0, "code": 121}], "writeConcernErrors": []}),
        OperationFailure("not authorized", 13),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_what_coming_again_would_not_mend_stays_an_error(mongodb_away: MongoDB, error: PyMongoError) -> None:
    """It is ours to see, as a 500."""
    with pytest.raises(type(error)):
        async with mongodb_away.use():
            raise error
