"""
Changing many files at once: they are changed in a copy, where all is tried, and the difference is then applied.

So an error or an interruption before the end leaves nothing, and git undoes the whole.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from cli.errors import CommandError
from cli.git import git

_WHOLE = ("--cached", "--no-renames")


@contextmanager
def drafted(root: Path) -> Iterator[Path]:
    """Yield a copy of the project as git has it, until the end of the block."""
    with tempfile.TemporaryDirectory(prefix="draft-") as folder:
        git(root, "clone", "--quiet", "--shared", git(root, "rev-parse", "--show-toplevel").strip(), folder)
        yield Path(folder) / git(root, "rev-parse", "--show-prefix").strip()


def render_draft(draft: Path) -> str:
    """Render a copy, which builds all of its services; returns why that failed, and an empty text if it did not."""
    return run_in_draft(draft, "-m", "cli", "render")


def run_in_draft(draft: Path, *arguments: str) -> str:
    """Run Python with the code of a copy; returns why that failed, and an empty text if it did not."""
    try:
        print_in_draft(draft, *arguments)
    except CommandError as error:
        return str(error)
    return ""


def print_in_draft(draft: Path, *arguments: str) -> str:
    """
    Run Python with the code of a copy; returns what it prints.

    Raises:
        CommandError: It fails; the message has what it wrote about that.
    """
    command = [sys.executable, "-P", *arguments]
    environment = os.environ | {"PYTHONPATH": str(draft), "PYTHONUTF8": "1"}
    done = subprocess.run(command, cwd=draft, env=environment, check=False, capture_output=True, text=True)
    if done.returncode:
        raise CommandError(done.stderr.strip() or f"exit code {done.returncode}")
    return done.stdout


def difference(draft: Path) -> str:
    """Return what was changed in a copy, as a patch."""
    git(draft, "add", "--all")
    return git(draft, "diff", *_WHOLE, "--binary")


def changed_files(draft: Path) -> list[str]:
    """Return what ``difference`` changes, in a line each: its kind (A, M or D) and the path."""
    return git(draft, "diff", *_WHOLE, "--name-status", "--relative").splitlines()


def apply(root: Path, changes: str) -> None:
    """Make the changes of a patch, all of them or none; the index of git stays as it is."""
    top = git(root, "rev-parse", "--show-toplevel").strip()
    git(Path(top), "apply", "--whitespace=nowarn", "-", stdin=changes)


def settle(root: Path, paths: Sequence[str]) -> None:
    """Sort the imports and wrap the lines in files and folders below *root*, and remove imports that are not used."""
    if not paths:  # to ruff, that would be all
        return
    ruff = Path(sys.executable).with_name("ruff")
    for arguments in (["check", "--quiet", "--select", "I,F401", "--fix"], ["format", "--quiet"]):
        subprocess.run([ruff, *arguments, *paths], cwd=root, check=True)
