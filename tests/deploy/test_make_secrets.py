from pathlib import Path

import pytest

from cli.services import SERVICES
from deploy.make_secrets import main as make_secrets


def test_a_managed_database_is_taken_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the database's own service gets its address; the others have those of the compose file."""
    for service in SERVICES:
        monkeypatch.delenv(service.store_variable, raising=False)
    managed = "postgresql://user_service:secret@db.example.org:5432/user_service?ssl=require"
    monkeypatch.setenv("USER_DATABASE_URL", managed)

    make_secrets(tmp_path)

    assert (tmp_path / "user/USER_DATABASE_URL").read_text() == managed
    assert "@mongodb:27017/" in (tmp_path / "analytics/ANALYTICS_MONGODB_URL").read_text()
    assert not (tmp_path / "analytics/USER_DATABASE_URL").exists()
