"""`python -m cli reset`: forget the development data."""

import shutil

from cli.dev.console import say
from cli.dev.files import DEVELOPMENT, LOCK
from cli.dev.lock import exclusive


def reset() -> None:
    """
    Forget the development data: embedded databases and secrets.

    Raises:
        CommandError: The stack runs, or the data belongs to another user.
    """
    with exclusive(LOCK):
        for path in DEVELOPMENT.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path != LOCK:  # two could hold it if it were made anew while somebody waits
                path.unlink()
    say("The development data is gone. `make run` starts afresh.")
