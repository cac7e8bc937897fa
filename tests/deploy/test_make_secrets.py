import os
import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509

from cli.services import SERVICES
from deploy.make_secrets import main as make_secrets
from deploy.make_secrets import make_certificate


def test_a_managed_database_is_taken_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the database's own service gets its address; the others have those of the compose file."""
    for service in SERVICES:
        for variable in (service.store_variable, service.owner_variable):
            monkeypatch.delenv(variable, raising=False)
    managed = "postgresql://user_service:secret@db.example.org:5432/user_service?ssl=require"
    monkeypatch.setenv("USER_DATABASE_URL", managed)

    make_secrets(tmp_path)

    assert (tmp_path / "user/USER_DATABASE_URL").read_text() == managed
    assert "@mongodb:27017/" in (tmp_path / "analytics/ANALYTICS_MONGODB_URL").read_text()
    assert not (tmp_path / "analytics/USER_DATABASE_URL").exists()


def test_a_certificate_for_a_trial_names_this_machine(tmp_path: Path) -> None:
    """A server can use it for 30 days, and every container can read both files."""
    make_certificate(tmp_path / "edge", datetime(2026, 11, 1, tzinfo=UTC))

    files = tmp_path / "edge/tls.crt", tmp_path / "edge/tls.key"
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(*files)
    certificate = x509.load_pem_x509_certificate(files[0].read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    assert certificate.not_valid_after_utc == datetime(2026, 12, 1, tzinfo=UTC)
    assert [file.stat().st_mode & 0o777 for file in (*files, tmp_path / "edge")] == [0o444, 0o444, 0o755]


def test_a_certificate_that_is_there_stays(tmp_path: Path) -> None:
    """It may be a real one."""
    for name in ("tls.crt", "tls.key"):
        (tmp_path / name).write_text("bought\n")

    make_certificate(tmp_path, datetime(2026, 11, 1, tzinfo=UTC))

    assert [(tmp_path / name).read_text() for name in ("tls.crt", "tls.key")] == ["bought\n"] * 2


def test_every_container_can_read_its_secrets(tmp_path: Path) -> None:
    """Under a strict umask of the caller, too; on the machine itself the folder above them is closed."""
    before = os.umask(0o077)
    try:
        make_secrets(tmp_path / "secrets")
    finally:
        os.umask(before)

    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700
    folders = [one for one in (tmp_path / "secrets").iterdir() if one.is_dir()]
    assert {folder.stat().st_mode & 0o777 for folder in folders} == {0o755}
    assert {file.stat().st_mode & 0o777 for folder in folders for file in folder.iterdir()} == {0o444}
