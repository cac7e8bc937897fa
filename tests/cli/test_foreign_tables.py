"""Another team's tables in a database of development: created from its DDL, and compared with the models."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import create_async_engine

from chassis.postgres.columns import STORED, SchemaColumns, read_columns
from cli.dev import plan
from cli.dev.databases import open_databases
from cli.dev.postgres import EmbeddedPostgres
from cli.dev.server import EmbeddedServer
from cli.errors import CommandError
from cli.foreign_tables import create_foreign_tables
from cli.orm.stored import differences_of_database
from cli.services import Service
from tests.cli.executing import execute

SHARED = Service("shared", 8100, "reflected")
DDL = """\
CREATE TYPE "Status" AS ENUM ('DRAFT', 'DONE');

CREATE TABLE "Page" (
    id text PRIMARY KEY,
    status "Status" NOT NULL
);
CREATE FUNCTION one() RETURNS int LANGUAGE plpgsql AS $$
BEGIN
    RETURN 1;
END $$;
"""
Declare = Callable[[str], None]


@pytest.fixture
def addresses(postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> tuple[str, str]:
    """A service's empty database, and its folder; returns the addresses for the service and for the owner."""
    postgres.drop_database(SHARED.database)
    url, of_owner = postgres.create_reflected(SHARED.database, SHARED.name)
    monkeypatch.setenv(SHARED.owner_variable, of_owner)
    monkeypatch.setattr("cli.foreign_tables.ROOT", tmp_path)
    for folder in ("schema", "orm"):
        (tmp_path / "shared" / folder).mkdir(parents=True)
    return url, of_owner


@pytest.fixture
def declare(tmp_path: Path) -> Declare:
    """Writes the DDL."""

    def write(text: str) -> None:
        (tmp_path / "shared/schema/schema.sql").write_text(text, encoding="utf-8")

    return write


def tables(url: str) -> set[str]:
    """The names of the tables in public."""
    return {row["tablename"] for row in execute(url, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}


def test_the_tables_are_created_once_and_the_service_can_use_them(addresses: tuple[str, str], declare: Declare) -> None:
    """They belong to the owner; DDL that has changed since is the owner's to apply."""
    declare(DDL)
    first = create_foreign_tables(SHARED)
    execute(addresses[0], "INSERT INTO \"Page\" VALUES ('1', 'DRAFT')")
    declare(f'{DDL} CREATE TABLE "Later" (id int);')

    assert (first, create_foreign_tables(SHARED)) == (["created the tables of shared/schema/schema.sql"], [])
    assert tables(addresses[0]) == {"Page"}
    assert execute(addresses[0], "SELECT tableowner FROM pg_tables WHERE tablename = 'Page'")[0][0] == SHARED.owner


@pytest.mark.parametrize(
    ("mistake", "line", "reason"),
    [
        ('CREATE TABLE "Second" (\n    id tetx\n);\n', 12, 'type "tetx" does not exist'),
        ("\nCREATE TABEL x (id int);\n", 12, 'syntax error at or near "TABEL"'),
        ('-- again\nCREATE TABLE "Page" (\n    id int\n);\nSELECT 1;\n', 14, 'relation "Page" already exists'),
        ("INSERT INTO \"Page\" VALUES ('ü', 'DONE'), ('ü', 'DONE');\n", 11, "duplicate key value"),
        ("SELECT 1 / 0", 11, "division by zero"),
    ],
)
def test_a_mistake_is_named_with_its_line(
    addresses: tuple[str, str], declare: Declare, mistake: str, line: int, reason: str
) -> None:
    """Even if PostgreSQL does not report the place; no part is created."""
    declare(f"{DDL}{mistake}")

    with pytest.raises(CommandError, match=rf"^shared/schema/schema\.sql, line {line}: {reason}.*No table was created"):
        create_foreign_tables(SHARED)

    assert tables(addresses[0]) == set()
    assert execute(addresses[0], "SELECT to_regtype('\"Status\"')")[0][0] is None


def test_two_at_once_create_the_tables_once(addresses: tuple[str, str], declare: Declare) -> None:
    """The second waits, and finds them."""
    declare(f"{DDL} SELECT pg_sleep(0);")

    async def both() -> list[list[str]]:
        return await asyncio.gather(*(asyncio.to_thread(create_foreign_tables, SHARED) for _ in range(2)))

    assert sorted(map(len, asyncio.run(both()))) == [0, 1]
    assert tables(addresses[0]) == {"Page"}


@pytest.fixture
def read(addresses: tuple[str, str], declare: Declare, tmp_path: Path) -> tuple[str, str]:
    """A database with the tables, and a reading of them."""
    declare(DDL)
    create_foreign_tables(SHARED)

    async def reading() -> bytes:
        engine = create_async_engine(addresses[0])
        async with engine.connect() as connection:
            found = await read_columns(connection, "public", ["Page"])
        await engine.dispose()
        return STORED.dump_json(SchemaColumns("public", found))

    (tmp_path / "shared/orm/columns.json").write_bytes(asyncio.run(reading()))
    return addresses


def test_a_database_that_differs_from_the_models_is_named(
    read: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one line, with the ways out; a database that was given is neither changed nor compared."""
    monkeypatch.setattr(plan, "upgrade", lambda _names, **_: None)
    monkeypatch.setattr(plan, "ROOT", tmp_path)
    stores = dict(zip((SHARED.store_variable, SHARED.owner_variable), read, strict=True))
    assert list(differences_of_database(tmp_path / "shared", read[0])) == []
    execute(read[1], 'ALTER TABLE "Page" DROP COLUMN status')

    plan._migrate([SHARED], {}, stores)  # noqa: SLF001 - the rest of `equip` needs a whole stack
    said = " ".join(capsys.readouterr().out.split())
    plan._migrate([SHARED], stores, stores)  # noqa: SLF001

    assert "Page.status: the column is missing. Let its owner migrate it (SHARED_OWNER_URL in .dev/env)" in said
    assert "bin/cli reset shared" in said
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("owned", [True, False])
def test_a_given_database_is_never_altered(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *, owned: bool
) -> None:
    """Its other tables are not created; ours are migrated if there is an address for the owner."""
    given = {SHARED.store_variable: "theirs"} | ({SHARED.owner_variable: "owner's"} if owned else {})
    calls = list[tuple[list[str], object]]()
    monkeypatch.setattr(plan, "upgrade", lambda names, foreign_tables=False: calls.append((names, foreign_tables)))

    def nothing(_name: str, _port: int) -> int:
        raise AssertionError

    with open_databases(Path("nowhere"), given, {}, nothing, [SHARED]) as (stores, servers):
        plan._migrate([SHARED], given, stores)  # noqa: SLF001

    assert (stores, servers) == (given, {})
    assert calls == ([(["shared"], False)] if owned else [])
    assert ("SHARED_OWNER_URL is not set" in capsys.readouterr().out) is not owned


def test_a_development_database_has_both_addresses(postgres: EmbeddedPostgres) -> None:
    """With the stored passwords, and again at the next start."""
    servers: dict[str, EmbeddedServer] = {"postgres": postgres}
    secrets = {"SHARED_DATABASE_PASSWORD": "one", "SHARED_OWNER_PASSWORD": "two"}

    for _ in range(2):
        with open_databases(Path("nowhere"), {}, secrets, lambda _n, port: port, [SHARED], servers) as (stores, new):
            found = dict(stores)
        assert new == {}
        assert found[SHARED.store_variable].partition("://")[2].startswith("shared:one@")
        assert found[SHARED.owner_variable].partition("://")[2].startswith("shared_owner:two@")
        assert execute(found[SHARED.store_variable], "SHOW search_path")[0][0] == "shared, public"


def test_a_database_that_does_not_answer_is_named(
    addresses: tuple[str, str], declare: Declare, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the variable, without the password."""
    declare(DDL)
    monkeypatch.setenv(SHARED.owner_variable, addresses[1].replace("@", "xyzzy4711@"))

    with pytest.raises(CommandError, match=r"shared: its database \(SHARED_OWNER_URL\) failed: password") as refused:
        create_foreign_tables(SHARED)

    assert "xyzzy4711" not in str(refused.value)
