"""
The routes and the OpenAPI description of the front, rendered while a stack runs: a new route is soon at its address.

`python -m cli.dev.front_door` renders them once. That takes seconds, and reads the services' code anew.
"""

import os
import sys
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Self

from rich.markup import escape

from cli.dev.console import say
from cli.dev.files import ROOT
from cli.dev.plan import describe
from cli.dev.processes import SupervisedProcess
from cli.errors import CommandError


class FrontDoor:
    """
    Renders after a change of a service's code, one process at a time; a context manager that ends it.

    Its own files are no reason, as it writes them. The front reloads when they have changed.

    Args:
        front: Returns the folder of the front; None if none runs.
        start: Starts the process.
    """

    def __init__(self, front: Callable[[], Path | None], start: Callable[[], SupervisedProcess]) -> None:
        self._front = front
        self._start = start
        self._process: SupervisedProcess | None = None
        self._is_due = True  # files may have changed while no stack ran

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process:
            self._process.kill()

    def look(self, changed: Collection[Path]) -> None:
        """Begin to render if files outside of the front have *changed*, or did so since the last time began."""
        if not (front := self._front()):
            return
        self._is_due |= any(not file.is_relative_to(front) for file in changed)
        if self._process and not self._process.running:
            self._process.kill()  # closes its pipes
            self._process = None
        if self._is_due and not self._process:
            self._is_due, self._process = False, self._start()


def start_rendering() -> SupervisedProcess:
    """Start this module; it prints on our terminal."""
    return SupervisedProcess([sys.executable, "-m", __name__], environment=os.environ, folder=ROOT, output=None)


def main() -> None:
    """Render, and print what was written or why nothing was."""
    from cli.services.project import read_project
    from cli.services.render import write_front

    os.nice(10)  # the services, which reload now, are first
    try:
        written = write_front(ROOT, read_project(ROOT))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the services' code may raise anything
        reason = str(error) if isinstance(error, CommandError) else describe(error)
        say(f"[yellow]The front's routes were not rendered; the next change tries it again. {escape(reason)}[/]")
        return
    if written:
        say(f"[green]The front follows the services' routes: wrote {', '.join(written)}.[/]")


if __name__ == "__main__":
    main()
