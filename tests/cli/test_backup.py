from pathlib import Path

import pytest

from cli.backup import backup
from cli.errors import CommandError
from cli.services import SERVICES
from cli.stack.ports import free_port


def test_a_backup_that_fails_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of its name would be taken for a whole one."""
    for service in SERVICES:
        scheme = "postgresql" if service.store == "postgres" else "mongodb"
        monkeypatch.setenv(service.store_variable, f"{scheme}://ada:secret@127.0.0.1:{free_port()}/nothing")

    with pytest.raises(CommandError, match="does not answer"):
        backup(tmp_path / "today")

    assert list(tmp_path.iterdir()) == []
