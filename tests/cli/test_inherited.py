"""The part of the caller's environment that started programs get."""

import os
import shutil
import subprocess

import pytest

from cli.dev.environment import given_environment
from cli.dev.files import ROOT
from cli.dev.inherited import inherited, remove_settings
from cli.services import SERVICES

STEERING = dict(
    pair.split("=", 1)
    for pair in [
        *("PYTHONSAFEPATH=1", "PYTHONPATH=/nowhere", "PYTHONOPTIMIZE=2", "PYTHONWARNINGS=error"),
        *("PGSSLMODE=require", "PGTARGETSESSIONATTRS=standby", "PGHOST=/nowhere", "PGOPTIONS=-c nonsense=1"),
        *("PIP_USER=1", "PIP_TARGET=/nowhere", "CDPATH=/usr:/", "BASH_ENV=/nowhere", "LC_ALL=POSIX"),
        *("UVICORN_PORT=1", "GUNICORN_CMD_ARGS=--nonsense", "WEB_CONCURRENCY=many", "HTTP_PROXY=http://[::1]:1"),
        *("ENVIRONMENT=production", "PRODUCTION=true", "LOG_DIR=/dev/null", "PROMETHEUS_MULTIPROC_DIR=/nowhere"),
        *("OTEL_SDK_DISABLED=true", "OTEL_TRACES_EXPORTER=console"),
    ]
)
MAKE = shutil.which("make") or "make"


@pytest.mark.parametrize("name", STEERING)
def test_what_steers_other_programs_does_not_steer_ours(name: str) -> None:
    """A service of the stack does not get the variable."""
    assert name not in inherited(STEERING)


def test_a_machine_s_facts_and_our_settings_are_passed_on() -> None:
    """Locations of programs, and settings of services; text is UTF-8 whatever the caller's locale is."""
    ours = {"PATH": "/bin", "LOG_LEVEL": "debug", "SMTP_URL_FILE": "/mail", "USER_DATABASE_URL": "postgresql://a@b/c"}

    assert inherited(ours | {"LANG": "de_DE.ISO-8859-1"}) == ours | {"LANG": "C.UTF-8", "PYTHONUTF8": "1"}


def test_made_up_services_know_nothing_of_the_caller_s_settings() -> None:
    """Settings and variables of libraries are removed; locations of programs stay."""
    environment = {**STEERING, "PATH": "/bin", "LINK_KEY__USER__ORDER": "k1:x", "http_proxy": "http://[::1]:1"}

    remove_settings(environment)

    assert environment.keys() == {"PATH", "PIP_USER", "PIP_TARGET", "CDPATH", "BASH_ENV", "LC_ALL"}


def test_a_line_end_is_no_part_of_what_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """An address of a database is the same without it."""
    monkeypatch.setenv("USER_DATABASE_URL", "postgresql://a:b@c/d\n")

    assert given_environment()["USER_DATABASE_URL"] == "postgresql://a:b@c/d"


@pytest.mark.long
def test_make_works_whatever_the_caller_has_set() -> None:
    """`make smoke` builds the services of this checkout with all of these variables and no writable home."""
    environment = os.environ | STEERING | {"HOME": "/proc", "PYTHONHOME": "/nowhere", "PYTHON": "/bin/false"}
    result = subprocess.run(
        [MAKE, "--no-print-directory", "smoke"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )

    assert (result.returncode, result.stderr) == (0, "")
    assert [line.partition(":")[0] for line in result.stdout.splitlines()] == [service.name for service in SERVICES]
