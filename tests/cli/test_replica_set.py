"""A set of three embedded MongoDBs."""

from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from cli.dev.replica_set import EmbeddedReplicaSet

pytestmark = pytest.mark.long


def test_what_a_majority_had_outlives_the_primary(tmp_path: Path) -> None:
    """The other members elect a new primary, which the client finds; the old one returns as a secondary."""
    with EmbeddedReplicaSet(tmp_path, 3).running() as replica_set:
        url = replica_set.create_database("things")
        with MongoClient[dict[str, Any]](url, w="majority") as client:
            things = client.get_default_database().things
            things.insert_one({"_id": 1})

            first = replica_set.primary()
            first.kill()
            things.insert_one({"_id": 2})
            first.start()

            assert replica_set.primary() is not first
            assert [thing["_id"] for thing in things.find().sort("_id")] == [1, 2]
