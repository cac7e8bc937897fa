"""Git, as a person uses it."""

from pathlib import Path

import cli.git

_PERSON = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false")


def git(folder: Path, *arguments: str, stdin: str = "") -> str:
    """Run git in a folder, which must succeed; returns what it prints."""
    return cli.git.git(folder, *_PERSON, *arguments, stdin=stdin)


def commit(folder: Path) -> None:
    """Commit everything."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "Change it")
