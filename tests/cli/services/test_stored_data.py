"""The development database of a service that is to be removed, in PostgreSQL and in MongoDB."""

import asyncio
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass

import asyncpg
import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from cli.dev.databases import create_database
from cli.dev.postgres import EmbeddedPostgres
from cli.dev.server import EmbeddedServer
from cli.services import Service, stored_data
from cli.services.stored_data import data_in_the_way, drop_data_of

RECORDS = Service("discarded", 1, "postgres")
DOCUMENTS = Service("discarded", 1, "mongodb")
SHARED = Service("discarded", 1, "reflected")


@dataclass(frozen=True)
class Stored:
    """A service, and the address of its database."""

    service: Service
    url: str


@pytest.fixture(params=[RECORDS, DOCUMENTS, SHARED], ids=lambda service: service.kind)
def stored(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stored]:
    """A service whose database has one thing, and rows of the chassis."""
    service: Service = request.param
    server: EmbeddedServer = request.getfixturevalue(service.store)
    monkeypatch.setattr(stored_data, "reach", lambda _service: nullcontext(server))
    monkeypatch.setattr(stored_data, "given_environment", dict)
    url = create_database(server, service)[service.store_variable]
    if isinstance(server, EmbeddedPostgres):
        made = "; ".join(f"CREATE TABLE {name} AS SELECT 1 AS id" for name in ("things", "inbox"))
        server.execute(f"{made}; CREATE TABLE empty (id int)", database=service.database)
    else:
        with MongoClient[dict[str, object]](url) as client:
            for name in ("things", "inbox"):
                client.get_default_database()[name].insert_one({"_id": 1})
    yield Stored(service, url)
    drop_data_of(service)


def log_in(url: str) -> None:
    """Ask a database something, as its user."""
    if url.startswith("mongodb"):
        with MongoClient[dict[str, object]](url) as client:
            client.get_default_database().list_collection_names()
    else:
        asyncio.run(_ask(url.replace("+asyncpg", "")))


async def _ask(url: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.close()


def test_rows_stand_in_the_way(stored: Stored) -> None:
    """Those of the chassis do not, nor do any that are to be deleted."""
    (obstacle,) = data_in_the_way(stored.service, drop_data=False)

    assert obstacle == "its development database has rows in things. `--drop-data` deletes them."
    assert data_in_the_way(stored.service, drop_data=True) == []


def test_database_and_user_are_deleted(stored: Stored) -> None:
    """Nothing is left that a service of the same name would find; a second time there is nothing to delete."""
    log_in(stored.url)

    assert drop_data_of(stored.service)
    assert drop_data_of(stored.service)

    assert data_in_the_way(stored.service, drop_data=False) == []
    with pytest.raises((asyncpg.PostgresError, OperationFailure)):
        log_in(stored.url)


def test_the_owner_of_the_database_is_deleted_too(postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database with two roles leaves neither."""
    monkeypatch.setattr(stored_data, "reach", lambda _service: nullcontext(postgres))
    create_database(postgres, SHARED)

    drop_data_of(SHARED)

    assert postgres.execute("SELECT rolname FROM pg_roles WHERE rolname LIKE 'discarded%'") == ""


def test_a_database_of_ones_own_is_not_deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its owner deletes it, and the variable that names it, even if all rows may go."""
    monkeypatch.setattr(stored_data, "given_environment", lambda: {"DISCARDED_DATABASE_URL": "postgresql://shop"})

    (obstacle,) = data_in_the_way(RECORDS, drop_data=True)

    assert "DISCARDED_DATABASE_URL is set" in obstacle


def test_without_development_data_there_is_nothing_to_delete(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither before the first `make run`, nor for a service without a database."""
    monkeypatch.setattr(stored_data, "reach", lambda _service: nullcontext(None))

    assert data_in_the_way(RECORDS, drop_data=False) == []
    assert data_in_the_way(Service("discarded", 1, "none"), drop_data=False) == []
    assert not drop_data_of(RECORDS)
