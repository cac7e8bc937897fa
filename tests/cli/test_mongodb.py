"""The embedded MongoDB."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import OperationFailure

from cli.dev.mongodb import EmbeddedMongoDB
from cli.dev.ports import free_port

Document = dict[str, Any]


@contextmanager
def opened(url: str) -> Iterator[Database[Document]]:
    """The database at *url*."""
    with MongoClient[Document](url, serverSelectionTimeoutMS=5000) as client:
        yield client.get_default_database()


def test_user_can_watch_changes(mongodb: EmbeddedMongoDB) -> None:
    """A service's user may open a change stream on its database, and receives writes."""
    with opened(mongodb.create_database("watched")) as database, database.watch() as stream:
        database.things.insert_one({"_id": 1})

        assert next(stream)["fullDocument"] == {"_id": 1}


def test_user_can_use_transactions(mongodb: EmbeddedMongoDB) -> None:
    """The writes of an aborted transaction are absent."""
    with opened(mongodb.create_database("transacted")) as database:
        database.create_collection("things")
        with database.client.start_session() as session:
            session.start_transaction()
            database.things.insert_one({"_id": 1}, session=session)
            session.abort_transaction()

        assert database.things.count_documents({}) == 0


def test_user_cannot_read_the_database_of_another(mongodb: EmbeddedMongoDB) -> None:
    """A user may open only its own database."""
    with (
        opened(mongodb.create_database("alpha")) as database,
        pytest.raises(OperationFailure, match="not authorized"),
    ):
        database.client["beta"].things.find_one()


def test_nobody_enters_without_a_password(mongodb: EmbeddedMongoDB) -> None:
    """A client without a login may read nothing."""
    mongodb.create_database("alpha")

    with (
        opened(f"mongodb://127.0.0.1:{mongodb.port}/alpha") as database,
        pytest.raises(OperationFailure, match="requires authentication"),
    ):
        database.things.find_one()


@pytest.mark.long
def test_killed_server_keeps_its_documents(own_mongodb: EmbeddedMongoDB) -> None:
    """Writes before a SIGKILL are present after the next start."""
    url = own_mongodb.create_database("killed")
    with opened(url) as database:
        database.things.insert_one({"_id": 1})

    own_mongodb.kill()
    own_mongodb.start()

    with opened(url) as database:
        assert database.things.find_one() == {"_id": 1}


@pytest.mark.long
def test_documents_survive_a_change_of_port(own_mongodb: EmbeddedMongoDB) -> None:
    """The replica set follows its only member to another port."""
    with opened(own_mongodb.create_database("moved")) as database:
        database.things.insert_one({"_id": 1})

    own_mongodb.stop()
    own_mongodb.port = free_port()
    own_mongodb.start()

    with opened(own_mongodb.create_database("moved")) as database:
        assert database.things.find_one() == {"_id": 1}
