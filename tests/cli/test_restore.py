"""`bin/cli restore`: which databases it takes, and what it does with a service that is younger than the backup."""

import asyncio
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path

import asyncpg
import pytest

from cli.backup import backup as backup_module
from cli.backup import restore as restore_module
from cli.backup.backup import copy
from cli.backup.restore import restore
from cli.dev.lock import AlreadyRunning, exclusive, is_held
from cli.dev.postgres import EmbeddedPostgres
from cli.environment import quiet_databases
from cli.errors import CommandError
from cli.services import STORED, Service
from tests.cli.executing import execute

OLD, YOUNG = Service("old", 8100, "postgres"), Service("young", 8101, "postgres")
Rows = Callable[[str], list[str]]


@pytest.fixture
def rows(postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch) -> Rows:
    """Two services with a row each; returns the rows of one, by its name."""
    urls = {one.name: postgres.create_database(one.name) for one in (OLD, YOUNG)}
    for service in (OLD, YOUNG):
        url = urls[service.name]
        monkeypatch.setenv(service.store_variable, url)
        for statement in ("DROP SCHEMA public CASCADE", "CREATE SCHEMA public", "CREATE TABLE things (name text)"):
            execute(url, statement)
        execute(url, "INSERT INTO things VALUES ('before')")
    monkeypatch.setattr(restore_module, "STORED", (OLD, YOUNG))
    monkeypatch.setattr(restore_module, "find_service", {one.name: one for one in (OLD, YOUNG)}.__getitem__)
    monkeypatch.setattr(restore_module, "upgrade", lambda _services: None)
    monkeypatch.setattr(restore_module, "quiet_databases", lambda: nullcontext(os.environ))

    def read(service: str) -> list[str]:
        try:
            return [row["name"] for row in execute(urls[service], "TABLE things")]
        except asyncpg.UndefinedTableError:
            return []

    return read


@pytest.fixture
def backup(rows: Rows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A backup of the time when there was one service; both have changed since."""
    monkeypatch.setattr(backup_module, "STORED", (OLD,))
    asyncio.run(copy(os.environ, tmp_path))
    for service in (OLD, YOUNG):
        execute(os.environ[service.store_variable], "INSERT INTO things VALUES ('after')")
    return tmp_path


def test_a_service_younger_than_the_backup_is_named_with_the_way_out(rows: Rows, backup: Path) -> None:
    """A file may also have been lost: nothing is restored until the service is named."""
    with pytest.raises(CommandError, match=r"has no copy of young\. .* add: --empty young$"):
        restore(backup, yes=True)

    assert rows("old") == rows("young") == ["before", "after"]


def test_the_database_of_a_younger_service_is_emptied(rows: Rows, backup: Path) -> None:
    """The others are as they were at the time of the backup."""
    restore(backup, yes=True, empty=["young"])

    assert (rows("old"), rows("young")) == (["before"], [])


@pytest.mark.parametrize(
    ("empty", "message"), [(["old", "young"], "has a copy of old: leave --empty out"), ([], "is not a backup")]
)
def test_what_contradicts_the_backup_is_refused(rows: Rows, backup: Path, empty: list[str], message: str) -> None:
    """A copy is not thrown away by mistake, and a folder without copies is none."""
    with pytest.raises(CommandError, match=message):
        restore(backup if empty else backup / "nothing", yes=True, empty=empty)

    assert rows("old") == rows("young") == ["before", "after"]


def test_the_question_names_what_is_lost(rows: Rows, backup: Path) -> None:
    """Each database is named, and nothing happens without a yes."""
    with pytest.raises(CommandError) as refused:
        restore(backup, empty=["young"])

    said = str(refused.value)
    assert "will be lost: old, young. Without a copy, and empty afterwards: young." in said
    assert f"bin/cli restore {backup} --empty young --yes" in said
    assert rows("old") == ["before", "after"]


@pytest.fixture
def development(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A development folder whose databases start at once, and no address in the environment; returns the lock."""
    variables = dict[str, str]()
    monkeypatch.setattr(os, "environ", variables)
    for name in ("LOCK", "SECRETS"):
        monkeypatch.setattr(f"cli.dev.files.{name}", tmp_path / name)

    @contextmanager
    def opened(*_: object) -> Iterator[tuple[Mapping[str, str], Mapping[str, object]]]:
        yield {service.store_variable: "of development" for service in STORED}, {}

    monkeypatch.setattr("cli.dev.databases.open_databases", opened)
    return tmp_path / "LOCK"


@pytest.mark.parametrize("others", [{}, {"DATABASE_URL": "of another project"}], ids=["none", "familiar"])
def test_the_databases_of_development_run_without_their_services(development: Path, others: dict[str, str]) -> None:
    """`make run` is refused meanwhile; what another project has in the environment is left alone."""
    os.environ.update(others)
    (development.parent / "SECRETS").write_text("{}")

    with quiet_databases() as found:
        assert {found[service.store_variable] for service in STORED} == {"of development"}
        assert is_held(development)


def test_no_database_is_quiet_while_the_stack_runs(development: Path) -> None:
    """The message has the process to stop."""
    with exclusive(development), pytest.raises(AlreadyRunning, match="Stop it with Ctrl-C"), quiet_databases():
        pass


@pytest.mark.parametrize("variable", [STORED[0].store_variable, "DATABASE_URL"])
def test_given_databases_are_used_as_they_are(development: Path, variable: str) -> None:
    """In a deployment nothing is started."""
    os.environ[variable] = "given"

    with quiet_databases() as found:
        assert found[variable] == "given"
        assert not is_held(development)
