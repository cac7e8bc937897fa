"""One fault held against the tests that should notice it, in a copy of the project."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from tests.mutation.mutants import Mutant

ROOT = Path(__file__).parents[2]
LONGEST_S = 240.0
"""A run that is not done by then has noticed the fault: it hangs."""

Outcome = Literal["noticed", "survived"]
_PYTEST = ("-m", "pytest", "-n", "0", "-x", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", "--no-header")
_FAILED, _PASSED = 1, 0
_BROKEN = {2, 3, 4}
"""
pytest's codes for an interruption, an error of its own and one of usage: a module that a test, or what all tests share,
cannot import ends like that.
"""


@contextmanager
def copies(number: int) -> Iterator[list[Path]]:
    """Copy what git knows of the working tree, *number* times, during the block."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607 - the user's own git
        cwd=ROOT,
        check=True,
        capture_output=True,
    ).stdout
    names = [name.decode() for name in listed.split(b"\0") if name]
    with tempfile.TemporaryDirectory(prefix="mutation-") as folder:
        Path(folder).chmod(0o755)  # PostgreSQL runs as another account if this is root's
        roots = [Path(folder) / str(index) for index in range(number)]
        for root in roots:
            for name in names:
                if (ROOT / name).is_file():
                    (root / name).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy2(ROOT / name, root / name)
        yield roots


def try_mutant(root: Path, mutant: Mutant, tests: Sequence[str]) -> Outcome:
    """
    Run the tests with the fault in the copy at *root*, which is whole again afterwards.

    Raises:
        RuntimeError: The tests did not run.
    """
    module = root / mutant.path
    original = module.read_bytes()
    module.write_bytes(mutant.source)
    try:
        return "survived" if run_tests(root, tests) else "noticed"
    finally:
        module.write_bytes(original)


def run_tests(root: Path, tests: Sequence[str]) -> bool:
    """
    Run tests in the copy at *root* until the first fails; return whether all passed.

    Raises:
        RuntimeError: They did not run.
    """
    process = subprocess.Popen(
        [sys.executable, *_PYTEST, *tests],
        cwd=root,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(root)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=LONGEST_S)
    except subprocess.TimeoutExpired:
        return False
    finally:
        _kill_group(process)
    if process.returncode not in {_PASSED, _FAILED, *_BROKEN}:
        raise RuntimeError(output.decode(errors="replace")[-2000:])
    return process.returncode == _PASSED


def _kill_group(process: "subprocess.Popen[bytes]") -> None:
    """Kill what a run has left, its databases too."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    process.wait()
