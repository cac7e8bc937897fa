"""Embedded servers for the tests that kill them, and for no others."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.dev.mongodb import EmbeddedMongoDB
from cli.dev.ports import free_port
from cli.dev.postgres import EmbeddedPostgres


@pytest.fixture(scope="module")
def own_postgres() -> Iterator[EmbeddedPostgres]:
    """A running PostgreSQL."""
    # Not pytest's own folder: only root can enter that, and as root, PostgreSQL runs as nobody.
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder), free_port()) as server:
        yield server


@pytest.fixture(scope="module")
def own_mongodb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedMongoDB]:
    """A running MongoDB."""
    with EmbeddedMongoDB(tmp_path_factory.mktemp("mongodb"), free_port()) as server:
        yield server
