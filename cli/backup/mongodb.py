"""Copies of a MongoDB database: a file for each collection, in the format of mongodump and mongorestore."""

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
class View:
    """A database, and a session that sees it as of the moment of ``mark``."""

    database: Database[dict[str, Any]]
    session: ClientSession

    def mark(self) -> None:
        """See the current data from now on; the server keeps it for ``minSnapshotHistoryWindowInSeconds``, 300."""
        self.database["events"].find_one({}, {"_id": 1}, session=self.session)  # the first read sets the snapshot


@contextmanager
def looking_at_mongodb(url: SecretStr) -> Iterator[View]:
    """
    Connect, and yield a view that is not marked yet.

    Raises:
        PyMongoError: It does not answer.
    """
    client = MongoClient[dict[str, Any]](url.get_secret_value(), serverSelectionTimeoutMS=_TIMEOUT_MS)
    with client, client.start_session(snapshot=True) as session:
        database = client.get_default_database()
        database.command("ping")
        yield View(database, session)


def dump_mongodb(view: View, folder: Path) -> None:
    """Write each collection as a marked view sees it; indexes are created by the migrations."""
    folder.mkdir()
    for name in view.database.list_collection_names():
        with (folder / f"{name}.bson").open("wb") as file:
            for batch in view.database[name].find_raw_batches(session=view.session):
                file.write(cast("bytes", batch))  # the type annotation says document


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
