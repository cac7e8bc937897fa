"""The installation: complete or not done, and independent of the caller's settings for other programs."""

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

from cli.dev.files import ROOT

STEERING = {
    **{f"PIP_{name}": "1" for name in ("USER", "REQUIRE_VIRTUALENV", "DRY_RUN", "NO_DEPS")},
    **{f"PIP_{name}": "/nowhere" for name in ("TARGET", "PREFIX", "ROOT", "CONSTRAINT", "PYTHON", "SRC")},
    **{f"UV_{name}": "/nowhere" for name in ("TARGET", "PYTHON", "CONSTRAINT", "OVERRIDE", "PROJECT_ENVIRONMENT")},
    **dict.fromkeys(("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "CONDA_PREFIX"), "/nowhere"),
}


class Interrupted(Exception):
    """An interruption, as by Ctrl-C."""


class Runs:
    """A stand-in for running venv, pip and uv, which can be interrupted at one of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.done = list[tuple[list[str], dict[str, str]]]()
        self.interrupted_at = -1

    def __call__(self, command: list[str | Path], environment: dict[str, str], *, check: bool = True) -> bool:  # noqa: ARG002 - as what it stands in for
        """Record the command; the first creates what `python -m venv` creates."""
        if len(self.done) == self.interrupted_at:
            raise Interrupted
        self.done.append(([str(part) for part in command], environment))
        if "venv" in command:
            (self.folder / "bin").mkdir(parents=True)
            (self.folder / "bin" / "python").symlink_to(sys.executable)
        return True


@pytest.fixture
def install() -> ModuleType:
    """requirements/install.py, which is not in a package."""
    spec = importlib.util.spec_from_file_location("install", ROOT / "requirements" / "install.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    """A lock."""
    file = tmp_path / "lock.txt"
    file.write_text("one==1\n")
    return file


@pytest.fixture
def runs(install: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runs:
    """Replaces the real programs, except those that only read."""
    stand_in = Runs(tmp_path / "venv")
    monkeypatch.setattr(install, "run", stand_in)
    monkeypatch.setattr(install, "link", lambda _python: None)
    return stand_in


@pytest.mark.long
@pytest.mark.parametrize("step", [0, 1, 2])
def test_an_interrupted_installation_is_done_anew(install: ModuleType, runs: Runs, lock: Path, step: int) -> None:
    """An incomplete environment does not count, and is removed before the next attempt."""
    runs.interrupted_at = step
    with pytest.raises(Interrupted):
        install.install(runs.folder, lock)
    assert not install.is_ready(runs.folder, lock)
    (runs.folder / "lib").mkdir(parents=True)
    runs.interrupted_at, runs.done = -1, []

    install.install(runs.folder, lock)

    assert install.is_ready(runs.folder, lock)
    assert "venv" in runs.done[0][0]
    assert not (runs.folder / "lib").exists()


def test_another_lock_is_brought_in_and_an_interruption_of_that_is_seen(
    install: ModuleType, runs: Runs, lock: Path
) -> None:
    """A complete environment is kept, but does not count as complete while it is changed."""
    install.install(runs.folder, lock)
    lock.write_text("one==2\n")
    assert not install.is_ready(runs.folder, lock)
    runs.done, runs.interrupted_at = [], 1

    with pytest.raises(Interrupted):
        install.install(runs.folder, lock)

    assert "venv" not in runs.done[0][0]
    lock.write_text("one==1\n")
    assert not install.is_ready(runs.folder, lock)


@pytest.mark.long
@pytest.mark.parametrize("change", ["python gone", "python another", "moved", "older stamp"])
def test_what_was_made_of_something_else_is_not_ready(
    install: ModuleType, runs: Runs, lock: Path, tmp_path: Path, change: str
) -> None:
    """An environment is invalid with another Python or at another place; the bystander beside it stays valid."""
    install.install(runs.folder, lock)
    folder, bystander = runs.folder, tmp_path / "other"
    runs.folder = bystander
    install.install(bystander, lock)
    python = folder / "bin" / "python"
    if change == "moved":
        folder = folder.rename(tmp_path / "moved")
    elif change == "older stamp":
        (folder / "bin" / ".ready").write_text("")
    else:
        python.unlink()
    if change == "python another":
        python.write_text("#!/bin/sh\necho 3.9 /usr\n")
        python.chmod(0o755)

    assert not install.is_ready(folder, lock)
    assert install.is_ready(bystander, lock)


def test_nothing_of_the_caller_s_puts_packages_elsewhere(
    install: ModuleType, runs: Runs, lock: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The caller's variables and pip's files are ignored, except the registry's address and trust, for uv too."""
    (tmp_path / "pip.conf").write_text(
        "[global]\nuser = true\ntarget = /nowhere\nindex-url = https://mirror.example.org/simple\ncert = /its/ca.pem\n"
        "timeout = 180\nretries = 7\nproxy = http://proxy.example.org:3128\n"
        "[install]\nno-binary = :all:\nprefix = /nowhere\ntrusted-host = mirror.example.org\n"
    )
    for name in (
        "PIP_CERT",
        "PIP_FIND_LINKS",
        "PIP_TIMEOUT",
        "PIP_DEFAULT_TIMEOUT",
        "PIP_RETRIES",
        "PIP_PROXY",
        "SSL_CERT_FILE",
        "REQUESTS_CA_BUNDLE",
        "CURL_CA_BUNDLE",
    ):
        monkeypatch.delenv(name, raising=False)
    for name, value in (STEERING | {"PIP_CONFIG_FILE": str(tmp_path / "pip.conf")}).items():
        monkeypatch.setenv(name, value)

    install.install(runs.folder, lock)

    (_, pip), (_, uv) = runs.done[1:]
    assert all(not environment.keys() & STEERING.keys() for _, environment in runs.done)
    assert pip["PIP_CONFIG_FILE"] == os.devnull
    assert (pip["PIP_INDEX_URL"], pip["PIP_CERT"]) == ("https://mirror.example.org/simple", "/its/ca.pem")
    assert (uv["UV_DEFAULT_INDEX"], uv["SSL_CERT_FILE"]) == ("https://mirror.example.org/simple", "/its/ca.pem")
    assert (uv["UV_HTTP_TIMEOUT"], uv["UV_HTTP_RETRIES"]) == ("180", "7")
    assert uv["HTTPS_PROXY"] == uv["HTTP_PROXY"] == "http://proxy.example.org:3128"
    assert uv["UV_INSECURE_HOST"] == pip["PIP_TRUSTED_HOST"] == "mirror.example.org"


@pytest.mark.parametrize("store", [None, "/etc/ssl/cert.pem"])
def test_the_machine_s_authorities_are_trusted_unless_uv_is_told_otherwise(
    install: ModuleType, monkeypatch: pytest.MonkeyPatch, store: str | None
) -> None:
    """The certificates of the machine count for uv as they do for pip, where it has any; the caller's word is last."""
    monkeypatch.delenv("UV_SYSTEM_CERTS", raising=False)
    monkeypatch.setattr(install.ssl, "get_default_verify_paths", lambda: (store, None))
    assert install.uv_variables({}, ROOT).get("UV_SYSTEM_CERTS") == (store and "true")

    monkeypatch.setenv("UV_SYSTEM_CERTS", "false")
    assert install.uv_variables({}, ROOT)["UV_SYSTEM_CERTS"] == "false"


def test_a_home_that_cannot_be_written_to_is_no_obstacle(
    install: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cache of uv is then kept in the environment itself."""
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("UV_CACHE_DIR", raising=False)
    monkeypatch.setenv("HOME", "/proc")
    assert install.cache_folder(tmp_path) == tmp_path / "cache"

    monkeypatch.setenv("HOME", str(tmp_path))
    assert install.cache_folder(tmp_path / "venv") == tmp_path / ".cache" / "uv"


@pytest.mark.parametrize("code", [0, 3])
def test_a_long_installation_shows_that_it_goes_on(
    install: ModuleType, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], code: int
) -> None:
    """Downloads may take minutes; the outcome is the program's."""
    monkeypatch.setattr(install, "REPORT_S", 0)

    succeeded = install.run([sys.executable, "-I", "-c", f"raise SystemExit({code})"], dict(os.environ), check=False)

    assert succeeded is (code == 0)
    assert "still installing, after 0 s …\n" in capfd.readouterr().out
