"""Generating models from wrong input: one sentence for each, and the old files stay."""

from pathlib import Path

import pytest

from cli.errors import CommandError
from cli.orm.generating import generate
from cli.orm.settings import read_reflection
from cli.orm.source import existing, load, server
from tests.cli.orm.conftest import Reflecting

SETTINGS = {
    "not TOML": ("schema =", r"content/orm/reflect.toml is not TOML: Invalid value \(at end of document\)"),
    "unknown key": ('schemas = "public"', r"there is no key 'schemas'. The keys are schema, tables and keys"),
    "wrong type": ("tables = 'Page'", r"tables: should be a valid list; it is 'Page'"),
    "empty key": ("[keys]\nPublishedPage = []", r"keys.PublishedPage: List should have at least 1 item"),
    "unknown schema": ('schema = "cms"', r"There are no tables in schema cms"),
    "unknown table": ('tables = ["Pages"]', r"names Pages: schema public has no such table or view. It has Page, "),
    "unknown view": ('[keys]\nView = ["id"]', r"names View: "),
    "unknown column": ('[keys]\nPublishedPage = ["slug"]', r"PublishedPage has no column slug. Its columns are id, "),
    "key of a table": ('[keys]\nPage = ["title"]', r"Page has a primary key already"),
    "key of what is left out": ('tables = ["Page"]\n[keys]\nPublishedPage = ["id"]', r"not one of its tables"),
}


@pytest.mark.parametrize(("content", "message"), SETTINGS.values(), ids=SETTINGS)
def test_wrong_settings_are_explained(reflecting: Reflecting, content: str, message: str) -> None:
    """A wrong reflect.toml is refused by a sentence that says what to change; nothing is written."""
    (reflecting.folder / "orm/reflect.toml").write_text(content)
    before = (reflecting.folder / "orm/tables.py").read_text()

    with pytest.raises(CommandError, match=message):
        reflecting.generate()

    assert (reflecting.folder / "orm/tables.py").read_text() == before


def test_some_tables_are_chosen(reflecting: Reflecting) -> None:
    """Only the tables and views that reflect.toml names are reflected; a view with a key is a class."""
    settings = 'tables = ["Page", "PublishedPage"]\n[keys]\nPublishedPage = ["id"]\n'
    (reflecting.folder / "orm/reflect.toml").write_text(settings)

    assert sorted(reflecting.generate()) == ["columns.json", "tables.py", "views.py"]

    assert "class Section" not in (reflecting.folder / "orm/tables.py").read_text()
    assert "class PublishedPage(Base)" in (reflecting.folder / "orm/views.py").read_text()
    assert '"Section"' not in (reflecting.folder / "orm/columns.json").read_text()


ADDRESSES = {
    "another schema": ("postgresql://a:b@127.0.0.1/c?schema=cms", 'write schema = "cms" in orm/reflect.toml'),
    "no address": ("mysql://a:b@127.0.0.1/c", "must look like postgresql://"),
    "no server": ("postgresql://a:b@127.0.0.1:1/c", "The database failed: "),
    "wrong parameter": ("postgresql://a:b@127.0.0.1/c?sslmode=maybe", "the parameter sslmode must be"),
}


@pytest.mark.parametrize(("url", "message"), ADDRESSES.values(), ids=ADDRESSES)
def test_wrong_addresses_are_explained(tmp_path: Path, url: str, message: str) -> None:
    """An address that cannot work is refused by a sentence without its password."""
    with pytest.raises(CommandError, match=message) as error:
        generate(tmp_path, url)

    assert "a:b@" not in str(error.value)


def test_what_prisma_adds_to_an_address_is_left_out() -> None:
    """An address as Prisma has it can be used."""
    found = existing(
        "postgresql://a:b@host/c?schema=public&connection_limit=5&pgbouncer=true&sslmode=require", "public"
    )

    assert found.get_secret_value() == "postgresql+asyncpg://a:b@host/c?sslmode=require"


FILES = {
    "syntax": ("CREATE TABLE a (id int);\nCREATE TABEL b ();\n", 'line 2: syntax error at or near "TABEL"'),
    "unknown type": ("CREATE TABLE a (\n  b foo\n);", 'line 3: type "foo" does not exist'),
    "extension": ("CREATE EXTENSION postgis;", "line 1: extension postgis is not in .*DATABASE_URL=postgresql"),
    "role": ("CREATE TABLE a (id int);\nALTER TABLE a OWNER TO x;", 'role "x" does not exist. .*--no-owner'),
}


def test_wrong_files_are_explained() -> None:
    """SQL that PostgreSQL refuses is reported in one sentence, with its line."""
    with server() as postgres:
        for script, message in FILES.values():
            with pytest.raises(CommandError, match=f"^content/schema/schema.sql.*{message}") as error:
                load(postgres, script, "content/schema/schema.sql", "public")
            assert "\n" not in str(error.value)


def test_missing_file_is_explained(tmp_path: Path) -> None:
    """A service without a schema.sql is told what belongs there, before a server is started."""
    with pytest.raises(CommandError, match=r"schema/schema.sql is missing: the DDL of the tables"):
        generate(tmp_path)


def test_settings_may_be_left_out(tmp_path: Path) -> None:
    """Without a reflect.toml, all of schema public is reflected."""
    reflection = read_reflection(tmp_path / "reflect.toml")

    assert (reflection.namespace, reflection.tables, reflection.keys) == ("public", None, {})
