"""
A Python process that reads the services' code anew: this one does not see edits of what it has imported.

`python -m cli.dev.anew` answers calls of functions, pickled, on its standard input and output.
"""

import os
import pickle
import sys
from collections.abc import Callable
from contextlib import suppress
from subprocess import PIPE, Popen
from typing import IO, Self, TypeVar, TypeVarTuple, Unpack, cast

from cli.dev.files import ROOT
from cli.errors import CommandError

Arguments = TypeVarTuple("Arguments")
T = TypeVar("T")


class Anew:
    """The process, for the block; it ends with it, and with this process."""

    def __enter__(self) -> Self:
        # In a session of its own: Ctrl-C at the terminal is handled here.
        command = [sys.executable, "-u", "-m", "cli.dev.anew"]
        self._process = Popen(command, stdin=PIPE, stdout=PIPE, cwd=ROOT, start_new_session=True)
        self._calls, self._answers = cast("IO[bytes]", self._process.stdin), cast("IO[bytes]", self._process.stdout)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._calls, self._answers):
            with suppress(BrokenPipeError):  # a call that it has not read
                pipe.close()

    def call(self, function: Callable[[Unpack[Arguments]], T], *arguments: *Arguments) -> T:
        """
        Call a module's *function* there, and return its result; what it prints is on the terminal.

        Raises:
            CommandError: It raised this, or the process has ended.
        """
        try:
            pickle.dump((function, arguments), self._calls)
            self._calls.flush()
            answer = pickle.load(self._answers)  # noqa: S301 - from our own code
        except (EOFError, BrokenPipeError):
            raise CommandError("Reading the services' code failed: see above.") from None
        if isinstance(answer, CommandError):
            raise answer
        return cast("T", answer)


def main() -> None:
    """Answer calls until standard input ends; any exception but a CommandError ends the process with a traceback."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    while True:
        try:
            function, arguments = pickle.load(sys.stdin.buffer)  # noqa: S301 - imports the function's module
            answer = function(*arguments)
        except EOFError:
            return
        except CommandError as error:
            answer = error
        pickle.dump(answer, answers)
        answers.flush()


if __name__ == "__main__":
    main()
