"""
What belongs to a service: its folder, its tests, the paths that it owns, and passages about it in other files.

A passage stands between two comments on lines of their own, ``--- about order ---`` and ``--- end about order ---``; a
row of a table has ``<!-- about order -->`` in its last cell.
"""

import re
from collections.abc import Iterable
from pathlib import Path

from cli.errors import CommandError
from cli.git import git, split_paths
from cli.services.discovery import Service

_MARK = re.compile(r"^[ \t]*(?:#|//|<!--) --- (?P<end>end )?about (?P<name>[a-z][a-z0-9_]*) ---(?: -->)?$")


def tracked_files(service: Service, root: Path) -> list[str]:
    """Return the files that git has and that are the service's own, relative to *root*."""
    return split_paths(git(root, "ls-files", "-z", "--", *_patterns(service)))


def ignored_files(service: Service, root: Path) -> list[str]:
    """Return the files in the folders of the service that git ignores, without compiled Python."""
    listed = git(root, "ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--", *_patterns(service))
    return [path for path in split_paths(listed) if "__pycache__" not in path]


def unmatched_patterns(service: Service, root: Path) -> list[str]:
    """Return the entries of ``owns`` for which there is no file."""
    return [one for one in service.owns if not git(root, "ls-files", "--", *_with_contents(one))]


def files_with_passages(name: str, root: Path) -> list[str]:
    """Return the files that git has with a passage about the service *name*."""
    found = git(root, "grep", "-z", "-l", "-I", "-e", rf"-- about {name} --", fine=(0, 1))
    return [path for path in split_paths(found) if without_passages(root, path, name) is not None]


def without_passages(root: Path, path: str, name: str) -> str | None:
    """
    Return the text of a file without its passages about a service; None if it has none.

    Raises:
        CommandError: A passage has no end, or no beginning.
    """
    return stripped((root / path).read_text(encoding="utf-8"), name, path)


def stripped(text: str, name: str, path: str) -> str | None:
    """
    Return the text of the file at *path* without its passages about a service; None if it has none.

    Raises:
        CommandError: A passage has no end, or no beginning.
    """
    left, inside, found = list[str](), 0, False
    for number, line in enumerate(text.splitlines(keepends=True), start=1):
        mark = _MARK.fullmatch(line.rstrip("\n"))
        if mark and mark["name"] == name:
            if bool(mark["end"]) != bool(inside):
                raise CommandError(f"{path}:{number}: {_expected(name, inside)}")
            inside, found = (0 if mark["end"] else number), True
        elif f"<!-- about {name} -->" in line:
            found = True
        elif not inside:
            left.append(line)
    if inside:
        raise CommandError(f"{path}:{inside}: {_expected(name, inside)}")
    return "".join(left) if found else None


def _expected(name: str, inside: int) -> str:
    if inside:
        return f"the passage that begins in line {inside} has no end. Add '--- end about {name} ---'."
    return f"a passage ends here that has no beginning. Add '--- about {name} ---'."


def _patterns(service: Service) -> list[str]:
    return patterns(service.name, service.owns)


def patterns(name: str, owns: Iterable[str]) -> list[str]:
    """Return the patterns of git for the files of the service *name*, which owns other paths."""
    own = (name, f"tests/{name}", *owns)
    return [pattern for path in own for pattern in _with_contents(path)]


def _with_contents(path: str) -> tuple[str, str]:
    """Return the patterns of git for a path, and for what is below it if it is a folder."""
    return f":(glob){path}", f":(glob){path}/**"
