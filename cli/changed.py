"""`bin/cli changed`: the tests that a change calls for."""

from collections.abc import Iterable
from pathlib import PurePath

import typer

from cli.errors import CommandError
from cli.git import git, split_paths, try_git
from cli.services import SERVICES
from cli.services.discovery import ROOT

_PAGES = {"docs", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "AGENTS.md", "LICENSE"}


def changed(since: str = typer.Option(..., help="The revision to compare with, as in origin/main.")) -> None:
    """
    Print the tests that what changed since a revision calls for; edits that are not committed count.

    Raises:
        CommandError: The revision is not in this clone.
    """
    for path in called_tests(changed_files(since)):
        typer.echo(path)


def changed_files(since: str) -> list[str]:
    """
    Return the paths of the files that differ from where this branch left the revision.

    Raises:
        CommandError: The revision is not in this clone.
    """
    base = try_git(ROOT, "merge-base", since, "HEAD")
    if base.returncode:
        raise CommandError(f"'{since}' is no revision that this branch comes from: git fetch, or name another.")
    edited = git(ROOT, "diff", "-z", "--name-only", "--no-renames", base.stdout.strip())
    return split_paths(edited + git(ROOT, "ls-files", "-z", "--others", "--exclude-standard"))


def called_tests(files: Iterable[str]) -> list[str]:
    """
    Return the tests that changes of these files call for, as arguments of pytest.

    Of a service: its own, and its cases of those at the top, which compare services with each other. Of a page: those
    of the pages. Of anything else, such as the chassis: all.
    """
    found = set[str]()
    for file in files:
        found.update(_tests_of(PurePath(file).parts))
    return ["tests"] if "tests" in found else sorted(found)


def _tests_of(parts: tuple[str, ...]) -> list[str]:
    if parts[0] in _PAGES:
        return ["tests/docs", "tests/test_data_model.py"]
    for name in (service.name for service in SERVICES):
        if parts[0] == name or parts[:2] in {("tests", name), ("requirements", f"{name}.txt")}:
            return [f"--service={name}", f"tests/{name}", *_top()]
    return ["tests"]


def _top() -> list[str]:
    return [str(file.relative_to(ROOT)) for file in ROOT.glob("tests/test_*.py")]
