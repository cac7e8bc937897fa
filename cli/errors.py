"""The error of a command."""


class CommandError(Exception):
    """The message says what is wrong and what to do; `bin/cli` prints it without a traceback and exits 1."""
