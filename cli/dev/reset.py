"""`bin/cli reset`: delete the development data."""

import shutil

from cli.dev.console import say
from cli.dev.files import DEVELOPMENT, LOCK
from cli.dev.lock import exclusive


def reset() -> None:
    """
    Delete the development data: embedded databases and secrets.

    Raises:
        CommandError: The stack is running, or the data belongs to another user.
    """
    with exclusive(LOCK):
        for path in DEVELOPMENT.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path != LOCK:  # if it were recreated while a process waits for it, two could hold it
                path.unlink()
    say("The development data is deleted. `make run` starts with new data.")
