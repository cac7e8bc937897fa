"""Copies of a MongoDB database: a file for each collection, as mongodump writes them and mongorestore reads them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, cast

from bson import decode_file_iter
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from pydantic import SecretStr
from pymongo import MongoClient, WriteConcern
from pymongo.client_session import ClientSession
from pymongo.database import Database

_RAW: CodecOptions[RawBSONDocument] = CodecOptions(RawBSONDocument)
_BATCH = 1000
_TIMEOUT_MS = 10_000


@dataclass(frozen=True, slots=True)
class Moment:
    """A database, and the session that sees it as it was."""

    database: Database[dict[str, Any]]
    session: ClientSession


@contextmanager
def mark_mongodb(url: SecretStr) -> Iterator[Moment]:
    """
    Keep what can be seen now; the server does so for ``minSnapshotHistoryWindowInSeconds``, 300 by default.

    Raises:
        PyMongoError: It does not answer.
    """
    client = MongoClient[dict[str, Any]](url.get_secret_value(), serverSelectionTimeoutMS=_TIMEOUT_MS)
    with client, client.start_session(snapshot=True) as session:
        database = client.get_default_database()
        database["events"].find_one({}, {"_id": 1}, session=session)  # the first read makes the moment
        yield Moment(database, session)


def dump_mongodb(moment: Moment, folder: Path) -> None:
    """Write each collection as *moment* has it; indexes are the migrations'."""
    folder.mkdir()
    for name in moment.database.list_collection_names():
        with (folder / f"{name}.bson").open("wb") as file:
            for batch in moment.database[name].find_raw_batches(session=moment.session):
                file.write(cast("bytes", batch))  # it is declared as a document


def empty_mongodb(url: SecretStr) -> None:
    """Drop every collection."""
    with MongoClient[dict[str, Any]](url.get_secret_value(), serverSelectionTimeoutMS=_TIMEOUT_MS) as client:
        database = client.get_default_database()
        for name in database.list_collection_names():
            database.drop_collection(name)


def restore_mongodb(url: SecretStr, folder: Path) -> None:
    """Fill an empty database, acknowledged by a majority."""
    with MongoClient[RawBSONDocument](url.get_secret_value(), serverSelectionTimeoutMS=_TIMEOUT_MS) as client:
        database = client.get_default_database(codec_options=_RAW, write_concern=WriteConcern("majority"))
        for file in folder.glob("*.bson"):
            with file.open("rb") as stream:
                documents = decode_file_iter(stream, _RAW)
                while batch := list(islice(documents, _BATCH)):
                    database[file.stem].insert_many(batch, ordered=False)
