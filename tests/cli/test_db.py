"""`bin/cli db`: what it prints, and its errors as sentences."""

import asyncio
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from alembic.script import ScriptDirectory
from pymongo import MongoClient
from sqlalchemy import Column, Integer, Table

from cli.checks import doctor
from cli.db import agrees, downgrade, migrate, unknown_in_running_stack, upgrade
from cli.dev.files import ROOT
from cli.dev.mongodb import EmbeddedMongoDB
from cli.dev.ports import free_port
from cli.dev.postgres import EmbeddedPostgres
from cli.errors import CommandError
from cli.migrations import read_config
from cli.services import SERVICES, find_service
from tests.cli.executing import execute
from user.models import Base

VERSIONS = ROOT / "user" / "migrations" / "versions"
MIGRATIONS = sorted(VERSIONS.glob("*.py"))
STRANGE = "UPDATE alembic_version SET version_num = 'feedfacecafe'"
"""As after a migration of another branch."""


@pytest.fixture
def url(postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty database, which is user's for the commands; no other service has one."""
    for service in SERVICES:
        for variable in (service.store_variable, service.owner_variable):
            monkeypatch.delenv(variable, raising=False)
    url = postgres.create_database("migrated")
    execute(url, "DROP SCHEMA public CASCADE")
    execute(url, "CREATE SCHEMA public")
    monkeypatch.setenv("USER_DATABASE_URL", url)
    return url


def tables(url: str) -> set[str]:
    """The names of the tables of a database."""
    return {row["tablename"] for row in execute(url, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}


@pytest.mark.parametrize("name", ["100%", "a%b", "%(here)s", "ü and space"])
def test_a_checkout_may_be_called_anything(tmp_path: Path, name: str) -> None:
    """The migrations are found, whatever the path of the repository contains."""
    (tmp_path / name / "user" / "migrations" / "versions").mkdir(parents=True)
    shutil.copy(ROOT / "user" / "alembic.ini", tmp_path / name / "user")

    script = ScriptDirectory.from_config(read_config(tmp_path / name / "user" / "alembic.ini"))

    assert Path(script.dir) == tmp_path / name / "user" / "migrations"


def test_migrations_are_named_as_they_are_applied_and_undone(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each has its revision and its message; a second time there is nothing to do."""
    upgrade(["user"])
    applied = capsys.readouterr().out.splitlines()
    upgrade(["user"])
    again = capsys.readouterr().out
    downgrade("user", "-1", yes=True)
    undone = capsys.readouterr().out

    assert applied[0] == "user: applied de39f3119e25 Create users"
    assert len(applied) == len(MIGRATIONS)
    assert again == "user: nothing to do\n"
    assert undone == applied[-1].replace("applied", "undid") + "\n"
    assert {"users", "outbox"} <= tables(url)


@pytest.mark.parametrize(("target", "count"), [("-1", 1), ("-2", 2), ("base", len(MIGRATIONS))])
def test_a_downgrade_asks_and_names_what_it_undoes(url: str, target: str, count: int) -> None:
    """Without a terminal it changes nothing, and names the command that does not ask."""
    upgrade(["user"])
    newest = execute(url, "SELECT version_num FROM alembic_version")

    with pytest.raises(CommandError) as refused:
        downgrade("user", target)

    said = str(refused.value)
    assert said.startswith(f"This undoes {newest[0][0]} ")
    assert len(re.findall(r"\b[0-9a-f]{12}\b", said)) == count
    assert f"bin/cli db downgrade user {target} --yes" in said
    assert execute(url, "SELECT version_num FROM alembic_version") == newest


def test_a_migration_of_another_branch_is_named_with_the_ways_out(
    url: str, mongodb: EmbeddedMongoDB, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The database is left as it is, the other databases are migrated, and doctor finds the same."""
    upgrade(["user"])
    before = tables(url)
    execute(url, STRANGE)
    monkeypatch.setenv("ANALYTICS_MONGODB_URL", mongodb.create_database("migrated"))

    with pytest.raises(CommandError) as refused:
        upgrade(None)

    for part in ("migration feedfacecafe", "bin/cli db downgrade user", "bin/cli reset user"):
        assert part in str(refused.value)
    assert "analytics: created index" in capsys.readouterr().out
    assert tables(url) == before
    (finding,) = doctor.check_databases({"USER_DATABASE_URL": url})
    assert "feedfacecafe" in finding.remedy
    running = dict.fromkeys((one.store_variable for one in SERVICES if one.store), "none") | {"USER_DATABASE_URL": url}
    monkeypatch.setattr("cli.dev.environment.running_environment", lambda _needed: running)
    (problem,) = unknown_in_running_stack()
    assert problem in str(refused.value)
    for command in (downgrade, migrate):
        with pytest.raises(CommandError, match="feedfacecafe"):
            command("user", "x")


def test_without_a_difference_no_migration_is_written(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """An empty migration would only be noise."""
    with pytest.raises(CommandError, match="First: bin/cli db upgrade user"):
        migrate("user", "nothing")
    upgrade(["user"])

    migrate("user", "nothing")

    assert "no migration was written" in capsys.readouterr().out
    assert sorted(VERSIONS.glob("*.py")) == MIGRATIONS


@pytest.fixture
def forgotten() -> Iterator[None]:
    """A model without a migration."""
    table = Table("forgotten", Base.metadata, Column("id", Integer, primary_key=True))
    yield
    Base.metadata.remove(table)


@pytest.mark.usefixtures("forgotten")
@pytest.mark.parametrize("has_formatter", [True, False])
def test_a_migration_is_written_where_there_is_no_formatter(
    url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    has_formatter: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """The images lack it. The message names the file as it is called outside a container, too."""
    copy = shutil.copytree(ROOT / "user", tmp_path / "user", ignore=shutil.ignore_patterns("__pycache__"))
    for module in ("cli.db", "cli.migrations"):
        monkeypatch.setattr(f"{module}.ROOT", tmp_path)
    monkeypatch.setattr("sys.path", [*sys.path])
    upgrade(["user"])
    if not has_formatter:
        monkeypatch.setattr("cli.db.find_spec", lambda _: None)
        monkeypatch.setattr("alembic.script.write_hooks._run_hooks", lambda *_: pytest.fail("the formatter was called"))

    migrate("user", "remember")

    before = {file.name for file in MIGRATIONS}
    (written,) = (file for file in (copy / "migrations/versions").glob("*.py") if file.name not in before)
    assert "forgotten" in written.read_text()
    assert f"wrote user/migrations/versions/{written.name}." in capsys.readouterr().out
    assert "forgotten" not in tables(url)


@pytest.mark.usefixtures("url", "forgotten")
def test_a_model_without_a_migration_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """`db check` names the service and what differs."""
    assert not agrees(find_service("user"))

    assert capsys.readouterr().out == "user: without a migration: add table forgotten\n"


def test_a_locked_table_is_no_endless_wait(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A migration ends when it cannot have its lock, before every request waits behind it."""
    monkeypatch.setattr("chassis.postgres.migrations._LOCK_TIMEOUT", "SET LOCAL lock_timeout = '20ms'")
    upgrade(["user"])
    before = execute(url, "SELECT version_num FROM alembic_version")

    async def undo_while_it_is_locked() -> None:
        holder = await asyncpg.connect(url.replace("+asyncpg", ""))
        try:
            async with holder.transaction():
                await holder.execute("LOCK TABLE users")
                await asyncio.to_thread(downgrade, "user", "base", yes=True)
        finally:
            await holder.close()

    with pytest.raises(CommandError, match="another transaction has had a table locked"):
        asyncio.run(undo_while_it_is_locked())
    assert execute(url, "SELECT version_num FROM alembic_version") == before


def test_a_migration_that_fails_changes_nothing(url: str) -> None:
    """The message has the database's reason and the statement, without a traceback."""
    execute(url, "CREATE TABLE inbox (id int)")

    with pytest.raises(CommandError, match=r'nothing was changed: relation "inbox" already exists. Statement: CREATE'):
        upgrade(["user"])

    assert tables(url) == {"inbox"}


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("postgres", "must look like postgresql://"),
        ("postgresql://a:b@127.0.0.1:{free}/shop", "Connect"),
        ("{url}_no", 'database "migrated_no" does not exist'),
        ("{wrong}", "password authentication failed"),
    ],
)
def test_a_database_that_does_not_let_us_in_is_named(
    url: str, monkeypatch: pytest.MonkeyPatch, address: str, says: str
) -> None:
    """With the service, its variable and the reason; a password is not quoted."""
    wrong = url.replace("@", "xyzzy4711@")
    monkeypatch.setenv("USER_DATABASE_URL", address.format(free=free_port(), url=url, wrong=wrong))

    with pytest.raises(CommandError, match=rf"user: its database \(USER_DATABASE_URL\) failed: .*{says}") as refused:
        upgrade(["user"])

    assert "xyzzy4711" not in str(refused.value)


@pytest.mark.usefixtures("url")
@pytest.mark.parametrize(
    ("service", "revision", "says"),
    [
        ("usr", "-1", f"Use one of {', '.join(one.name for one in SERVICES)}"),
        ("analytics", "-1", "analytics has MongoDB"),
        ("user", "feedface", "user has no migration 'feedface'"),
        ("user", "-1", "there is nothing to undo"),
    ],
)
def test_what_cannot_be_undone_is_said(service: str, revision: str, says: str) -> None:
    """Wrong names, the database without revisions, and an empty one."""
    with pytest.raises(CommandError, match=says):
        downgrade(service, revision)


@pytest.mark.usefixtures("url")
def test_a_database_without_an_address_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable is named if another is set: then no stack is looked for."""
    monkeypatch.delenv("USER_DATABASE_URL")
    monkeypatch.setenv("ANALYTICS_MONGODB_URL", "mongodb://127.0.0.1:1/nothing")

    with pytest.raises(CommandError, match="USER_DATABASE_URL is not set"):
        downgrade("user", "-1")


def test_indexes_of_mongodb_are_reported_too(
    mongodb: EmbeddedMongoDB, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Those that were missing; an index that another branch has created otherwise is named with the ways out."""
    url = mongodb.create_database("indexed")
    monkeypatch.setenv("ANALYTICS_MONGODB_URL", url)
    upgrade(["analytics"])
    printed = capsys.readouterr().out
    assert printed.startswith("analytics: created indexes: events (6), ")
    assert printed.endswith(", sealed_requests (1)\n")
    upgrade(["analytics"])
    assert capsys.readouterr().out == "analytics: nothing to do\n"
    with MongoClient[dict[str, object]](url) as client:
        nonces = client.get_default_database()["sealed_requests"]
        nonces.drop_indexes()
        nonces.create_index("claimed_at", expireAfterSeconds=1)

    with pytest.raises(CommandError, match=r"already exists .* options.*bin/cli reset analytics"):
        upgrade(["analytics"])
