"""The findings of `bin/cli doctor`."""

from contextlib import nullcontext
from pathlib import Path

import pytest

from cli.checks import doctor
from cli.dev.ports import free_port
from cli.dev.postgres import EmbeddedPostgres
from tests.support.databases import behind


@pytest.fixture
def incomplete_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without two of mongod's libraries."""
    ldd = tmp_path / "ldd"
    ldd.write_text("#!/bin/sh\necho ' libcurl.so.4 => not found'\necho ' libnew.so.1 => not found'\n")
    ldd.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")


@pytest.mark.usefixtures("incomplete_machine")
def test_missing_library_is_named_with_its_remedy() -> None:
    """For a missing library, doctor names the package that contains it."""
    known, unknown = doctor.check_libraries()

    assert known.fact == "mongod lacks libcurl.so.4"
    assert known.remedy == "apt install libcurl4"
    assert "libnew.so.1" in unknown.remedy


def test_a_missing_browser_is_told_and_no_obstacle(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Only the tests of the dashboard need a browser."""
    monkeypatch.setenv("PATH", str(tmp_path))

    finding = doctor.check_browser()

    assert "apt install chromium" in finding.fact
    assert not finding.remedy


def test_taken_port_is_no_obstacle(monkeypatch: pytest.MonkeyPatch) -> None:
    """A taken port is reported with its replacement; nothing must be changed."""
    monkeypatch.setattr(doctor, "free_port_like", lambda port: port + 1000)

    findings = list(doctor.check_ports({}))

    assert not any(finding.remedy for finding in findings)
    assert "`make run` will use 9002" in "".join(finding.fact for finding in findings)


def test_port_of_a_configured_database_does_not_matter() -> None:
    """With a configured MongoDB, the port of the embedded one is irrelevant."""
    findings = doctor.check_ports({"ANALYTICS_MONGODB_URL": "mongodb://elsewhere/analytics"})

    assert "mongodb" not in "".join(finding.fact for finding in findings)


def test_disk_that_is_full_must_be_cleared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Too little disk space must be changed."""
    monkeypatch.setattr(doctor, "_DISK_NEEDED", 10**9)

    assert doctor.check_disk().remedy


def test_a_database_of_several_hosts_answers(postgres: EmbeddedPostgres) -> None:
    """A database is checked as the services do it: an absent host is skipped."""
    url = behind(free_port(), postgres.create_database("examined"))

    assert [finding.remedy for finding in doctor.check_databases({"USER_DATABASE_URL": url})] == [""]


def test_data_of_another_branch_is_found_while_the_stack_is_stopped(
    postgres: EmbeddedPostgres, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """After `make run` has refused it, doctor names the migration too."""
    (tmp_path / "postgres").mkdir()
    monkeypatch.setattr(doctor, "DEVELOPMENT", tmp_path)
    monkeypatch.setattr(doctor, "LOCK", tmp_path / "lock")
    monkeypatch.setattr(doctor, "EmbeddedPostgres", lambda *_: nullcontext(postgres))
    (suits,) = doctor.check_development_data({})
    version = postgres.execute("\\c user_service\nSELECT version_num FROM alembic_version")
    postgres.execute("\\c user_service\nUPDATE alembic_version SET version_num = 'feedfacecafe'")

    (strange,) = doctor.check_development_data({})
    postgres.execute(f"\\c user_service\nUPDATE alembic_version SET version_num = '{version}'")

    assert not suits.remedy
    assert "user: its database has migration feedfacecafe" in strange.remedy
    assert "analytics:" not in strange.remedy
    assert list(doctor.check_development_data(environment)) == []
