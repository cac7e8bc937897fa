from pathlib import Path

import pytest
from pydantic import SecretStr

from cli.backup.backup import backup
from cli.backup.postgres import dump_postgres
from cli.dev.ports import free_port
from cli.dev.postgres import EmbeddedPostgres
from cli.errors import CommandError
from cli.services import SERVICES
from tests.support.databases import behind


def test_a_backup_that_fails_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with the final name would look like a complete backup."""
    for service in SERVICES:
        scheme = "postgresql" if service.store == "postgres" else "mongodb"
        for variable in (service.store_variable, service.owner_variable):
            monkeypatch.setenv(variable, f"{scheme}://ada:secret@127.0.0.1:{free_port()}/nothing")

    with pytest.raises(CommandError, match="does not answer"):
        backup(tmp_path / "today")

    assert list(tmp_path.iterdir()) == []


def test_a_database_of_several_hosts_is_asked_for_its_dump(postgres: EmbeddedPostgres, tmp_path: Path) -> None:
    """PostgreSQL's tools get all hosts: the one that exists answers, here that the snapshot is invalid."""
    url = behind(free_port(), postgres.create_database("dumped"))

    with pytest.raises(CommandError, match="invalid snapshot identifier"):
        dump_postgres(SecretStr(url), "none", tmp_path / "dump")
