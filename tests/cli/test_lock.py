"""One stack per folder."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli.dev.lock import AlreadyRunning, exclusive, is_held

HOLDER = """
import sys, pathlib, cli.dev.lock
with cli.dev.lock.exclusive(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_second_holder_is_told_who_came_first(tmp_path: Path) -> None:
    """While the lock is held, the error has the holder's pid and start time."""
    with exclusive(tmp_path / "lock"), pytest.raises(AlreadyRunning, match=rf"pid {os.getpid()}, since \d{{4}}-"):
        exclusive(tmp_path / "lock").__enter__()


def test_lock_is_free_again(tmp_path: Path) -> None:
    """After the holder has ended, the lock is free."""
    with exclusive(tmp_path / "lock"):
        assert is_held(tmp_path / "lock")

    assert not is_held(tmp_path / "lock")


def test_lock_dies_with_its_holder(tmp_path: Path) -> None:
    """The lock of a killed process is free, whatever the file contains."""
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        holder.stdout.readline()
        holder.kill()

    assert not is_held(tmp_path / "lock")
