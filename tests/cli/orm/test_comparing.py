"""Changes of a schema, compared with the models of it."""

import secrets

import pytest

from cli.dev.postgres import EmbeddedPostgres
from cli.errors import CommandError
from cli.orm.comparing import differences_of_files
from cli.orm.files import write
from cli.orm.generating import generate
from cli.orm.stored import differences_of_database
from tests.cli.orm.conftest import SCHEMA, Reflecting

CHANGES = """
DROP VIEW "PublishedPage";
ALTER TABLE "Page" DROP "title";
ALTER TABLE "Page" RENAME "rank" TO "weight";
ALTER TABLE "Page" ALTER "views" DROP NOT NULL;
ALTER TABLE "Page" ALTER "size" TYPE bigint;
ALTER TABLE "Page" ALTER "publishedAt" SET NOT NULL;
ALTER TABLE "Page" ALTER "seenAt" TYPE timestamptz(3);
ALTER TYPE "PageStatus" ADD VALUE 'ARCHIVED';
ALTER TYPE "PageStatus" RENAME VALUE 'DRAFT' TO 'IDEA';
ALTER TABLE "Page" ALTER "kind" DROP DEFAULT;
ALTER TABLE "Page" ADD "locale" TEXT NOT NULL;
ALTER TABLE "Page" ADD "note" VARCHAR(9);
DROP TABLE "Section";
CREATE TABLE "Tag" ("id" TEXT PRIMARY KEY);
"""
NAMED = [
    "Page.title: the column is missing",
    "Page.rank: the column is missing (renamed to weight?)",
    "Page.views: it may be null",
    "Page.size: its type is bigint, no longer smallint",
    "Page.publishedAt: it may no longer be null",
    "Page.seenAt: its type is timestamp(3) with time zone, no longer timestamp(3) without time zone",
    "Page.status: of its values, IDEA is new, ARCHIVED is new, DRAFT is missing",
    "Page.kind: it is no longer filled by default",
    "Page.weight: the column is new, required and without a default, so no row can be created without it",
    "Page.locale: the column is new, required and without a default, so no row can be created without it",
    "Page.note: the column is new",
    "PublishedPage: the table is missing",
    "Section: the table is missing",
]


def test_changes_are_named(reflecting: Reflecting, postgres: EmbeddedPostgres) -> None:
    """Each change is named by table and column; a live database is compared by a role that may only connect to it."""
    url = postgres.create_database(f"orm_{secrets.token_hex(4)}")
    changed = url.rpartition("/")[2]
    stranger = postgres.create_database(f"{changed}_data").rpartition("/")[0] + f"/{changed}"
    postgres.execute(f"GRANT CONNECT ON DATABASE {changed} TO {changed}_data; {SCHEMA}", database=changed)
    assert list(differences_of_files(reflecting.folder, url)) == []
    assert list(differences_of_database(reflecting.folder, stranger)) == []

    postgres.execute(CHANGES, database=changed)

    assert list(differences_of_files(reflecting.folder, url)) == [*NAMED, "Tag: the table is new"]
    assert list(differences_of_database(reflecting.folder, stranger)) == NAMED
    write(reflecting.folder / "orm", generate(reflecting.folder, url))
    assert list(differences_of_files(reflecting.folder, url)) == []


def test_edited_file_is_named(reflecting: Reflecting) -> None:
    """A generated file that was edited is named, where the columns agree."""
    file = reflecting.folder / "orm/tables.py"
    file.write_text(file.read_text() + "\n# mine\n")

    assert list(differences_of_files(reflecting.folder, reflecting.url)) == [
        "orm/tables.py is not what `make orm` writes"
    ]


@pytest.mark.parametrize(("content", "message"), [(None, "is missing"), ("{", "is damaged")])
def test_reading_to_compare_with_is_needed(reflecting: Reflecting, content: str | None, message: str) -> None:
    """Without a columns.json that can be read, the message names the command that writes it."""
    file = reflecting.folder / "orm/columns.json"
    file.write_text(content or "")
    if content is None:
        file.unlink()

    with pytest.raises(CommandError, match=f"content/orm/columns.json {message}.*make orm SERVICE=content"):
        list(differences_of_database(reflecting.folder, reflecting.url))
