import subprocess
from pathlib import Path
from typing import Any

import pytest

from chassis.dispatch.call import Call
from cli import changed
from cli.changed import called_tests, changed_files
from cli.errors import CommandError
from cli.services import SERVICES
from cli.services.discovery import ROOT
from tests.support.git import git
from tests.support.selection import services_in


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ([], []),
        (["README.md", "docs/images"], ["tests/docs", "tests/test_data_model.py"]),
        (["chassis/app.py", "user/mail"], ["tests"]),
        (["a_new_folder/x", "docs/README.md"], ["tests"]),
        (["requirements/dev.txt"], ["tests"]),
        (["tests/support/tools.py"], ["tests"]),
        (["tests/test_contracts.py"], ["tests"]),
    ],
    ids=str,
)
def test_what_no_service_owns_calls_for_all_tests(files: list[str], expected: list[str]) -> None:
    """Pages call for the tests of the pages, and what is unknown for all."""
    assert called_tests(files) == expected


@pytest.mark.parametrize("file", ["user/models.py", "tests/user/access.py", "requirements/user.txt"])
def test_a_change_of_a_service_calls_for_its_tests(file: str) -> None:
    """With them come its cases of those that compare services, but not the tests of another service."""
    called = called_tests([file, "docs/README.md"])

    assert {"--service=user", "tests/docs", "tests/user", "tests/test_contracts.py"} <= set(called)
    assert not {"tests", "tests/analytics", "tests/chassis"} & set(called)


def test_the_tests_of_a_service_are_selected_by_make(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that compare services run in its cases; of another folder, its tests alone run."""
    monkeypatch.delenv("MAKEFLAGS", raising=False)

    def selected(service: str) -> set[str]:
        command = ["make", "--dry-run", "test", f"SERVICE={service}"]
        printed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
        return set(printed.partition('tests="')[2].partition('"')[0].split())

    assert selected("user") == set(called_tests(["user/models.py"]))
    assert selected("chassis") == {"tests/chassis"}


@pytest.mark.parametrize(
    ("parameters", "services"),
    [
        ({"service": "user"}, {"user"}),
        ({"service": SERVICES[0]}, {SERVICES[0].name}),
        ({"case": ("user", "POST /api/v1/users")}, {"user"}),
        ({"caller": "analytics", "call": Call("user", "GET", "/")}, {"analytics", "user"}),
        ({"package": "chassis", "number": 1}, set()),
    ],
    ids=["a name", "a service", "a route", "a call", "none"],
)
def test_a_case_concerns_the_services_in_its_parameters(parameters: dict[str, Any], services: set[str]) -> None:
    """A name, a service, a route of one, or a call from one to another; others concern all services."""
    assert services_in(parameters) == services


def test_a_change_is_what_the_branch_has_done_since_it_began(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commits, edits, new files and both names of a moved one count; what happened on main meanwhile does not."""
    monkeypatch.setattr(changed, "ROOT", tmp_path)
    git(tmp_path, "init", "--initial-branch=main")
    for name in ("edited", "moved", "same", "über"):
        (tmp_path / name).write_text(f"{name}\n" * 9)
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--message=begin")
    git(tmp_path, "switch", "--create=branch")
    git(tmp_path, "mv", "moved", "elsewhere")
    (tmp_path / "über").write_text("committed\n")
    git(tmp_path, "commit", "--all", "--message=work")
    git(tmp_path, "switch", "main")
    (tmp_path / "same").write_text("on main\n")
    git(tmp_path, "commit", "--all", "--message=meanwhile")
    git(tmp_path, "switch", "branch")
    (tmp_path / "edited").write_text("not committed\n")
    (tmp_path / "new").write_text("not added\n")

    assert sorted(changed_files("main")) == ["edited", "elsewhere", "moved", "new", "über"]


def test_an_unknown_revision_is_refused() -> None:
    """A typing error must not look like a change of nothing."""
    with pytest.raises(CommandError, match="'no-such-branch' is no revision"):
        changed_files("no-such-branch")
