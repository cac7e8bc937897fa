"""Refusing to write over changes that git does not have: what a command then writes could not be undone alone."""

from pathlib import Path

from cli.errors import CommandError
from cli.git import try_git

_SHOWN = 5


def require_clean_tree(root: Path) -> None:
    """
    Check that git has everything below *root*; files that it ignores do not count.

    Raises:
        CommandError: It does not; the message names some of the files.
    """
    done = try_git(root, "status", "--porcelain", "--untracked-files=all", "--", ".")
    if done.returncode:
        raise CommandError(
            f"{root} is no working tree of git, so the changes could not be undone. First: "
            'git init && git add --all && git commit -m "Begin"'
        )
    changed = done.stdout.splitlines()
    if changed:
        more = [f"  and {len(changed) - _SHOWN} more"] if len(changed) > _SHOWN else []
        lines = "\n".join([*(f"  {line}" for line in changed[:_SHOWN]), *more])
        raise CommandError(f"Git does not have these changes; commit them, or stash them (git stash -u):\n{lines}")
