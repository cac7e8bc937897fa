"""One stack per folder, by a lock that the kernel releases when its holder dies in any way."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TextIO

from cli.errors import CommandError


class AlreadyRunning(CommandError):
    """Another process uses this folder."""


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """
    Hold the lock in file *path*; its folder is created if needed.

    Raises:
        AlreadyRunning: Another process holds it; the message has its pid and start time.
        CommandError: The folder belongs to another user.
    """
    with _open(path) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            message = f"The stack is already running here: {path.read_text()}. Stop it with Ctrl-C there."
            raise AlreadyRunning(message) from None
        file.truncate(0)
        file.write(f"pid {os.getpid()}, since {datetime.now().astimezone():%Y-%m-%d %H:%M:%S}")
        file.flush()
        yield


def _open(path: Path) -> TextIO:
    try:
        # As root, PostgreSQL runs as the user nobody, who must be able to traverse the folder.
        path.parent.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, exist_ok=True)
        return path.open("a+")
    except PermissionError as error:
        message = f"{path.parent} belongs to another user: continue as that user, or remove it."
        raise CommandError(message) from error


def is_held(path: Path) -> bool:
    """Whether a process holds the lock in file *path*."""
    if not path.exists():
        return False
    with path.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
