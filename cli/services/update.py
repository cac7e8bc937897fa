"""`bin/cli update`: merge a later version of the base on which this project was begun."""

import shlex
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Annotated

import typer

from cli.errors import CommandError
from cli.git import git, split_paths, try_git
from cli.services import merge_driver
from cli.services.belongings import patterns
from cli.services.clean_tree import require_clean_tree
from cli.services.discovery import DECLARATION, ROOT
from cli.services.drafts import drafted, settle
from cli.services.kubernetes import service_file
from cli.services.locks import is_lock, lock_file
from cli.services.mentions import take_out_mentions
from cli.services.regions import is_rendered

_NEXT = "make install && bin/cli render && make check && git add --all && git commit"


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge has left to do."""

    conflicts: tuple[str, ...]
    """Paths that both sides wrote by hand."""
    has_stale_locks: bool
    """Whether both sides changed the libraries."""


def update(
    revision: Annotated[str, typer.Argument(help="The later version: base/main after `git fetch base`, or a tag.")],
) -> None:
    """
    Merge a later version of this base. What is rendered never conflicts, and removed services stay removed.

    Nothing is committed: `git merge --abort` takes it back.

    Raises:
        CommandError: Git does not have all changes, the two have no common commit, or both sides wrote the same lines.
    """
    if is_merged(ROOT, revision):
        typer.echo(f"Up to date: {revision} is merged already.")
        return
    require_clean_tree(ROOT)
    with drafted(ROOT) as code:
        merged = merge(ROOT, revision, code)
    steps = f"make lock && {_NEXT}" if merged.has_stale_locks else _NEXT
    if merged.conflicts:
        paths = "\n".join(f"  {path}" for path in merged.conflicts)
        raise CommandError(f"Both sides wrote here; edit these files:\n{paths}\nThen: {steps}")
    typer.echo(f"Merged {revision}; nothing is committed. Next: {steps}")


def is_merged(root: Path, revision: str) -> bool:
    """Whether a revision is a part of the current branch."""
    return not try_git(root, "merge-base", "--is-ancestor", revision, "HEAD").returncode


def merge(root: Path, revision: str, code: Path) -> Merged:
    """
    Merge a revision into the working tree of *root*, without a commit.

    Args:
        code: A folder with the code of the merge driver, which must not change meanwhile.

    Raises:
        CommandError: There is no such revision, or no common commit.
    """
    base = _common_commit(root, revision)
    removed = sorted(_services(root, base) - _services(root, "HEAD"))
    locks = _changed_locks(root, base, "HEAD") & _changed_locks(root, base, revision)
    _merge(root, revision, removed, code)
    for name in removed:
        _take_out(root, base, revision, name)
    _remove(root, [path for path in _conflicts(root) if is_rendered(_only_text(root, path))])
    return Merged(tuple(_conflicts(root)), has_stale_locks=bool(locks - set(map(lock_file, removed))))


def _common_commit(root: Path, revision: str) -> str:
    if try_git(root, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}").returncode:
        has_remote = "base" in try_git(root, "remote").stdout.split()
        first = "git fetch base" if has_remote else "git remote add base ADDRESS_OF_THE_BASE && git fetch base"
        raise CommandError(f"There is no revision '{revision}' here. First: {first} (docs/updating.md)")
    found = try_git(root, "merge-base", "HEAD", revision)
    if found.returncode:
        raise CommandError(f"This project and {revision} have no commit in common (docs/updating.md).")
    return found.stdout.strip()


def _merge(root: Path, revision: str, removed: Sequence[str], code: Path) -> None:
    """
    Have git merge, with our driver for every file.

    Raises:
        CommandError: Git refuses the merge.
    """
    program = ["env", f"PYTHONPATH={code}", sys.executable, "-P", "-m", merge_driver.__name__]
    driver = shlex.join([*program, "%O", "%A", "%B", "%P", *removed])
    with tempfile.TemporaryDirectory() as folder:
        attributes = Path(folder, "attributes")
        attributes.write_text("* merge=by-hand\n", encoding="utf-8")
        options = ["-c", f"core.attributesFile={attributes}", "-c", f"merge.by-hand.driver={driver}"]
        # No renames: a new service resembles the removed one that it was copied from. Git's default strategy heeds that
        # from version 2.50 only, of which "recursive" is another name.
        strategy = ["--strategy=recursive", "--strategy-option=no-renames"]
        done = try_git(root, *options, "merge", "--no-commit", "--no-ff", *strategy, revision)
    if not try_git(root, "rev-parse", "--verify", "--quiet", "MERGE_HEAD").stdout:
        raise CommandError((done.stderr or done.stdout).strip())


def _services(root: Path, revision: str) -> set[str]:
    files = map(PurePosixPath, split_paths(git(root, "ls-tree", "-r", "-z", "--name-only", revision)))
    return {path.parts[0] for path in files if path.parts[1:] == (DECLARATION,)}


def _changed_locks(root: Path, old: str, new: str) -> set[str]:
    return {path for path in split_paths(git(root, "diff", "-z", "--name-only", old, new)) if is_lock(path)}


def _take_out(root: Path, base: str, revision: str, name: str) -> None:
    """Remove what the merge has brought back of a removed service."""
    declaration = tomllib.loads(try_git(root, "show", f"{revision}:{name}/{DECLARATION}").stdout)
    own = patterns(name, declaration.get("owns", []))
    files = {
        path
        for side in (base, revision)
        for path in split_paths(git(root, "ls-files", f"--with-tree={side}", "-z", "--", *own))
    }
    _remove(root, [*own, lock_file(name), service_file(name.replace("_", "-"))])
    changed = take_out_mentions(name, files, root)
    whole = sorted(set(changed) - set(_conflicts(root)))
    if whole:
        settle(root, [path for path in whole if path.endswith(".py")])
        git(root, "add", "--", *whole)


def _remove(root: Path, paths: Sequence[str]) -> None:
    if paths:
        git(root, "rm", "-r", "-f", "-q", "--ignore-unmatch", "--", *paths)


def _conflicts(root: Path) -> list[str]:
    return split_paths(git(root, "diff", "-z", "--name-only", "--diff-filter=U"))


def _only_text(root: Path, path: str) -> str:
    """Return the text of a file that one side has removed; empty if both have it."""
    ours, theirs = (try_git(root, "show", f"{side}:{path}") for side in ("HEAD", "MERGE_HEAD"))
    return ours.stdout + theirs.stdout if ours.returncode or theirs.returncode else ""
