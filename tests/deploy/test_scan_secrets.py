import subprocess
from pathlib import Path

import pytest

from deploy import scan_secrets


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository of its own, with no exceptions."""
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)  # noqa: S607 - git, wherever it is
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(scan_secrets, "_ALLOWED", {})
    return tmp_path


def scan(repository: Path, *named: str, **files: str) -> str | None:
    """Commit files, a dot in their names written as two underscores; return what the scan of those *named* prints."""
    for name, content in files.items():
        (repository / name.replace("__", ".")).write_text(content)
    subprocess.run(["git", "add", "."], cwd=repository, check=True)  # noqa: S607
    with pytest.raises(SystemExit) as ended:
        scan_secrets.main(named)
    code = ended.value.code
    assert code is None or isinstance(code, str)
    return code


def test_a_secret_is_found_and_named_by_its_place(repository: Path) -> None:
    """The finding has the secret's kind, but not the secret."""
    key = "AKIA" + "IOSFODNN7EXAMPLE"

    said = scan(repository, settings__py=f"\nKEY = '{key}'\n", clean__py="KEY = 1\n")

    assert said
    assert said.startswith("settings.py:2: AWS Access Key.")
    assert key not in said
    assert "\n" not in said


def test_nothing_found_is_success(repository: Path) -> None:
    """The exit code is 0."""
    assert scan(repository, clean__py="KEY = 1\n") is None


def test_an_exception_that_is_needed_no_more_is_named(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stale exception is reported, so that it does not outlive its reason."""
    monkeypatch.setattr(scan_secrets, "_ALLOWED", {("clean.py", "AWS Access Key"): "there was one"})

    said = scan(repository, clean__py="KEY = 1\n")

    assert said == "clean.py: no AWS Access Key found; remove it from _ALLOWED."


def test_only_the_named_files_are_scanned(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in the pre-commit hook: a secret in another file, or an exception for one, is ignored."""
    monkeypatch.setattr(scan_secrets, "_ALLOWED", {("other.py", "AWS Access Key"): "there was one"})
    key = "AKIA" + "IOSFODNN7EXAMPLE"

    said = scan(repository, "named.py", named__py=f"KEY = '{key}'\n", elsewhere__py=f"KEY = '{key}'\n")

    assert said
    assert said.startswith("named.py:1: AWS Access Key.")
    assert "\n" not in said
