import subprocess
from collections import Counter
from pathlib import Path

import pytest
from dotenv import dotenv_values
from typer.testing import CliRunner

from cli.dev.files import ROOT
from cli.keys.commands import app as keys
from cli.links import links
from deploy import scan_secrets


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository of its own, with no exceptions."""
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)  # noqa: S607 - git, wherever it is
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(scan_secrets, "_ALLOWED", {})
    return tmp_path


def scan(repository: Path, *named: str, **files: str) -> str | None:
    """Add files to git, a dot in a name written as two underscores; return what the scan of those *named* prints."""
    for name, content in files.items():
        (repository / name.replace("__", ".")).write_text(content)
    subprocess.run(["git", "add", "."], cwd=repository, check=True)  # noqa: S607
    return scanned(*named)


def scanned(*named: str) -> str | None:
    """What the scan of the files *named* prints, or of all."""
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


def test_a_forgotten_file_is_found_before_git_knows_it(repository: Path) -> None:
    """The whole of what `keys make` writes, in a file under another name: every key, and none of them is printed."""
    file = repository / "prod.txt"
    CliRunner().invoke(keys, ["make", str(file)], catch_exceptions=False)
    with file.open("a") as lines:
        lines.write("USER_DATABASE_URL=postgresql://user_service:xyzzy-plugh@db/user_service\n")

    said = scanned()

    assert said
    kinds = Counter(line.partition(": ")[2].partition(".")[0] for line in said.splitlines())
    del kinds["Base64 High Entropy String"]  # most CURSOR_KEYs are one
    assert kinds == {"Link Key": len(links()), "Cursor Key": 1, "Private Key": 1, "Basic Auth Credentials": 1}
    assert "xyzzy" not in said
    assert not [value for value in dotenv_values(file).values() if str(value) in said]


def test_a_file_that_git_has_lost_is_no_failure(repository: Path) -> None:
    """A tracked file may be deleted, and a folder may be a repository of its own."""
    scan(repository, gone__py="KEY = 1\n")
    (repository / "gone.py").unlink()
    subprocess.run(["git", "init", "-q", "inner"], cwd=repository, check=True)  # noqa: S607

    assert scanned() is None


def test_git_ignores_the_files_of_secrets_from_the_start(repository: Path) -> None:
    """Environment files, drafts of them, and the folder of secrets; not the example, nor a module named env."""
    (repository / ".gitignore").write_text((ROOT / ".gitignore").read_text())
    secret = [
        "production.env",
        "production.env.new",
        ".env",
        ".env.local",
        "deploy/staging.env",
        "secrets/edge/tls.key",
    ]
    public = [".env.example", "user/migrations/env.py", "cli/dev/secrets.py"]

    command = ["git", "check-ignore", "--no-index", *secret, *public]
    ignored = subprocess.run(command, cwd=repository, check=True, stdout=subprocess.PIPE, text=True).stdout

    assert ignored.splitlines() == secret
