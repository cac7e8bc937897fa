"""A service that reflects a schema, in a folder of its own."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from cli.dev.postgres import EmbeddedPostgres
from cli.orm.files import write
from cli.orm.generating import generate

SCHEMA = """
CREATE TYPE "PageStatus" AS ENUM ('DRAFT', 'PUBLISHED');
CREATE TABLE "Page" (
    "id" TEXT PRIMARY KEY, "title" TEXT, "body" TEXT, "rank" INTEGER NOT NULL, "views" BIGINT NOT NULL, "size" SMALLINT,
    "publishedAt" TIMESTAMP(3), "seenAt" TIMESTAMP(3), "status" "PageStatus" NOT NULL, "kind" TEXT NOT NULL DEFAULT 'x'
);
CREATE TABLE "Section" ("id" TEXT PRIMARY KEY);
CREATE VIEW "PublishedPage" AS SELECT "id", "title" FROM "Page";
"""


@dataclass(frozen=True, slots=True)
class Reflecting:
    """
    A service that reflects a schema.

    Attributes:
        folder: Its folder.
        url: The address of its database.
    """

    folder: Path
    url: str

    def generate(self) -> list[str]:
        """Generate its files from its database; returns the names of those that changed."""
        return write(self.folder / "orm", generate(self.folder, self.url))


@pytest.fixture(scope="module")
def database(postgres: EmbeddedPostgres) -> str:
    """The name of a database with the schema."""
    name = f"orm_{secrets.token_hex(4)}"
    postgres.create_database(name)
    postgres.execute(SCHEMA, database=name)
    return name


@pytest.fixture(scope="module")
def make_reflecting(
    postgres: EmbeddedPostgres, database: str, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], Reflecting]:
    """Create services with models of this database."""
    url = postgres.administrator_url(database).get_secret_value()
    files = generate(tmp_path_factory.mktemp("files") / "content", url)

    def make() -> Reflecting:
        folder = tmp_path_factory.mktemp("service") / "content"
        folder.mkdir()
        write(folder / "orm", files)
        return Reflecting(folder, url)

    return make


@pytest.fixture
def reflecting(make_reflecting: Callable[[], Reflecting]) -> Reflecting:
    """A service with models of this database."""
    return make_reflecting()
