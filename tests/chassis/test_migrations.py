import asyncio
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from alembic import command
from alembic.config import Config

from chassis.core.types import new_id
from chassis.postgres.migrations import LOCK
from chassis.postgres.tables import chassis_metadata
from cli.dev.databases import create_database
from cli.dev.files import ROOT
from cli.dev.polling import eventually
from cli.dev.ports import free_port
from cli.dev.postgres import EmbeddedPostgres
from cli.services import SERVICES, Service
from tests.support.databases import behind

STORED = [service for service in SERVICES if service.store == "postgres"]
MODELS = """
from sqlalchemy import Column, Integer, MetaData, String, Table

from chassis.postgres.tables import NAMING


class Base:
    metadata = MetaData(naming_convention=NAMING)


Table("kept", Base.metadata, Column("id", Integer, primary_key=True))
Table(
    "legacy", Base.metadata, Column("id", Integer, primary_key=True), Column("name", String(9), index=True), info={info}
)
"""
EXCLUDED: dict[str, Any] = {"migrate": False}
FOREIGN = (
    'CREATE TABLE "Page" (id text PRIMARY KEY)',
    "CREATE TABLE outbox (id int)",
    "CREATE TABLE _prisma_migrations (id int)",
)
"""Another team's tables; one has the name of a table of ours."""


@dataclass(frozen=True, slots=True)
class Scratch:
    """A service folder made for one test, and its database."""

    folder: Path
    url: str

    @property
    def config(self) -> Config:
        """The configuration for alembic."""
        return Config(self.folder / "alembic.ini")

    def declare(self, info: dict[str, Any]) -> None:
        """Write the models: one table to migrate, and one with this info."""
        (self.folder / "models.py").write_text(MODELS.replace("{info}", repr(info)))

    def autogenerate(self) -> str:
        """Return the migration generated from the difference between models and database."""
        script = command.revision(self.config, message="difference", autogenerate=True)
        assert script
        assert not isinstance(script, list)
        return Path(script.path).read_text()


@pytest.fixture
def scratch(postgres: EmbeddedPostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scratch:
    """A service folder with the migrations/ of the user service, without any revision."""
    name = f"scratch_{new_id().hex}"  # a unique name: Python caches imported modules
    folder, url = tmp_path / name, postgres.create_database("scratch")
    (folder / "migrations" / "versions").mkdir(parents=True)
    for file in ("alembic.ini", "migrations/script.py.mako"):
        shutil.copy(ROOT / "user" / file, folder / file)
    env = (ROOT / "user" / "migrations" / "env.py").read_text()
    env = env.replace("user.models", f"{name}.models").replace("USER_DATABASE_URL", "SCRATCH_DATABASE_URL")
    (folder / "migrations" / "env.py").write_text(env)
    execute(url, "DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
    monkeypatch.setenv("SCRATCH_DATABASE_URL", url)
    monkeypatch.setattr(sys, "path", [*sys.path])
    return Scratch(folder, url)


def execute(url: str, *statements: str) -> list[Any]:
    """Run *statements* in order; returns the rows of the last."""

    async def run() -> list[Any]:
        connection = await asyncpg.connect(url.replace("+asyncpg", ""))
        try:
            return [await connection.fetch(statement) for statement in statements][-1]
        finally:
            await connection.close()

    return asyncio.run(run())


def tables(url: str, schema: str = "public") -> set[str]:
    """Return the tables of a schema, without Alembic's own."""
    rows = execute(url, f"SELECT tablename FROM pg_tables WHERE schemaname = '{schema}'")  # noqa: S608 - ours
    return {row["tablename"] for row in rows} - {"alembic_version"}


@pytest.mark.parametrize(("info", "is_migrated"), [(EXCLUDED, False), ({}, True), ({"migrate": True}, True)])
def test_the_table_of_an_excluded_model_is_not_created(
    scratch: Scratch, info: dict[str, Any], *, is_migrated: bool
) -> None:
    """A model with info={"migrate": False} is left out of a migration; any other is included."""
    scratch.declare(info)

    migration = scratch.autogenerate()
    command.upgrade(scratch.config, "head")

    assert "kept" in migration
    assert ("legacy" in migration) is is_migrated
    assert tables(scratch.url) == {"kept", *chassis_metadata.tables} | ({"legacy"} if is_migrated else set())


def test_a_database_of_several_hosts_is_migrated(scratch: Scratch, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that is down is skipped."""
    monkeypatch.setenv("SCRATCH_DATABASE_URL", behind(free_port(), scratch.url))
    scratch.declare({})

    scratch.autogenerate()
    command.upgrade(scratch.config, "head")

    assert "kept" in tables(scratch.url)


@pytest.mark.parametrize(("info", "is_migrated"), [(EXCLUDED, False), ({}, True)])
def test_the_table_of_an_excluded_model_is_not_touched(
    scratch: Scratch, info: dict[str, Any], *, is_migrated: bool
) -> None:
    """The table of an excluded model is neither changed nor dropped, although its columns and indexes differ."""
    scratch.declare(info)
    execute(
        scratch.url,
        "CREATE TABLE legacy (id bigint, other text NOT NULL, name text)",
        "CREATE INDEX legacy_other ON legacy (other)",
        "INSERT INTO legacy VALUES (1, 'one', 'ada')",
    )

    migration = scratch.autogenerate()

    assert ("legacy" in migration) is is_migrated
    if not is_migrated:
        command.upgrade(scratch.config, "head")
        command.downgrade(scratch.config, "base")
        assert [tuple(row) for row in execute(scratch.url, "SELECT * FROM legacy")] == [(1, "one", "ada")]


def test_a_table_of_nobody_is_told(scratch: Scratch) -> None:
    """Only excluded tables are ignored: one without any model appears in the next migration."""
    scratch.declare(EXCLUDED)
    execute(scratch.url, "CREATE TABLE forgotten (id int)")

    assert "op.drop_table('forgotten')" in scratch.autogenerate().replace('"', "'")


@pytest.fixture
def shared(scratch: Scratch, postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch) -> Scratch:
    """The same over another team's tables: its own are in schema ``order``, which is a reserved word."""
    postgres.drop_database("order")
    url, of_owner = postgres.create_reflected("order", "order")
    execute(of_owner, 'DROP SCHEMA "order"', *FOREIGN)
    env = scratch.folder / "migrations" / "env.py"
    env.write_text("from chassis.postgres.migrations import run\n\nrun(None, 'SCRATCH_DATABASE_URL', schema='order')\n")
    monkeypatch.setenv("SCRATCH_DATABASE_URL", of_owner)
    return Scratch(scratch.folder, url)


def test_tables_beside_those_of_another_team_are_in_a_schema_of_their_own(shared: Scratch) -> None:
    """It is created; theirs are neither looked at nor changed, one of a common name neither; the service finds ours."""
    theirs = tables(shared.url)

    migration = shared.autogenerate()
    command.upgrade(shared.config, "head")
    command.check(shared.config)

    assert "Page" not in migration
    assert migration.count("op.drop_table") == migration.count("op.create_table") == len(chassis_metadata.tables)
    assert tables(shared.url, "order") == {*chassis_metadata.tables}
    assert execute(shared.url, 'TABLE "order".alembic_version')
    assert tables(shared.url) == theirs == {"Page", "outbox", "_prisma_migrations"}
    assert execute(shared.url, "SELECT event_id FROM outbox") == []

    command.downgrade(shared.config, "base")
    assert tables(shared.url, "order") == set()
    assert tables(shared.url) == theirs


def test_the_script_for_an_administrator_creates_the_schema_too(
    shared: Scratch, postgres: EmbeddedPostgres, capsys: pytest.CaptureFixture[str]
) -> None:
    """It can be run as it is, by psql."""
    shared.autogenerate()
    execute(os.environ["SCRATCH_DATABASE_URL"], 'DROP SCHEMA "order" CASCADE')
    command.upgrade(shared.config, "head", sql=True)

    printed = capsys.readouterr().out
    postgres.execute(f"SET ROLE order_owner; {printed[printed.index('BEGIN;') :]}", database="order")
    assert tables(shared.url, "order") == {*chassis_metadata.tables}


def test_without_an_address_nothing_is_migrated(scratch: Scratch, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an address the migration fails and names the missing variable."""
    scratch.declare({})
    monkeypatch.delenv("SCRATCH_DATABASE_URL")

    with pytest.raises(SystemExit, match="SCRATCH_DATABASE_URL is not set"):
        command.upgrade(scratch.config, "head")


@pytest.mark.parametrize("service", STORED, ids=lambda service: service.name)
def test_migrations_lead_there_and_back(
    postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch, service: Service
) -> None:
    """From base to head and back to base no table of ours is left, and the cycle can be repeated."""
    addresses = create_database(postgres, service, f"{service.name}_there_and_back")
    for name, value in addresses.items():
        monkeypatch.setenv(name, value)
    config = Config(ROOT / service.name / "alembic.ini")

    seen = []
    for step in (command.upgrade, command.downgrade, command.upgrade):
        step(config, "head" if step is command.upgrade else "base")
        seen.append(tables(addresses[service.owner_variable], service.own_schema or "public"))

    assert "sealed_requests" in seen[0]
    assert seen[1:] == [set(), seen[0]]


@pytest.mark.long
async def test_two_upgrades_at_once_both_succeed(postgres: EmbeddedPostgres) -> None:
    """Of two jobs that start while a third holds the lock, one migrates, and the other finds nothing to do."""
    url = postgres.create_database("product_twice")
    holder = await asyncpg.connect(url.replace("+asyncpg", ""))
    await holder.execute(f"SELECT pg_advisory_lock({LOCK})")

    async def both_wait() -> bool:
        waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        return bool(await holder.fetchval(waiting) == 2)

    jobs = [start_upgrade("product", url) for _ in range(2)]
    try:
        assert await eventually(both_wait)
    finally:
        await holder.close()
    outputs = await asyncio.gather(*(asyncio.to_thread(job.communicate) for job in jobs))

    assert [job.returncode for job in jobs] == [0, 0], outputs


def start_upgrade(service: str, url: str) -> subprocess.Popen[str]:
    """Start a migration job."""
    return subprocess.Popen(
        [sys.executable, "-m", "alembic", "-c", f"{service}/alembic.ini", "upgrade", "head"],
        cwd=ROOT,
        env={**os.environ, f"{service.upper()}_DATABASE_URL": url},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
