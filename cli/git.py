"""Running git."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from cli.errors import CommandError


def git(root: Path, *arguments: str, stdin: str = "", fine: Sequence[int] = (0,)) -> str:
    """
    Run git in a folder; returns its output.

    Args:
        stdin: Its input.
        fine: The exit codes that are no failure.

    Raises:
        CommandError: It fails, or there is no git.
    """
    done = try_git(root, *arguments, stdin=stdin)
    if done.returncode not in fine:
        raise CommandError(f"git {arguments[0]} failed: {done.stderr.strip()}")
    return done.stdout


def try_git(root: Path, *arguments: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
    """
    Run git in a folder; returns its exit code and output.

    What is no UTF-8 in input and output is kept, as are the ends of lines, so that any patch may pass.

    Raises:
        CommandError: There is no git.
    """
    command = ["git", *arguments]
    try:
        done = subprocess.run(command, cwd=root, input=_encoded(stdin), check=False, capture_output=True)
    except FileNotFoundError:
        raise CommandError("This command needs git, which is not installed.") from None
    return subprocess.CompletedProcess(command, done.returncode, _decoded(done.stdout), _decoded(done.stderr))


def split_paths(listed: str) -> list[str]:
    """Return the paths that git prints with the option ``-z``."""
    return listed.split("\0")[:-1]


def _encoded(text: str) -> bytes:
    return text.encode(errors="surrogateescape")


def _decoded(output: bytes) -> str:
    return output.decode(errors="surrogateescape")
