"""Output of the commands."""

import sys
from itertools import cycle

from rich.console import Console

# Wide enough for a table of addresses when the output is not a terminal.
console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)

COLOURED = console.is_terminal and not console.no_color

_COLOURS = (36, 35, 33, 32)  # ANSI: cyan, magenta, yellow, green


def say(text: str) -> None:
    """Print *text* (with rich's markup) without breaking lines."""
    console.print(text, soft_wrap=True)


class LogPrinter:
    """Prints lines of several sources, each after the name of its source, coloured on a terminal."""

    def __init__(self) -> None:
        self._prefixes = dict[str, str]()
        self._colours = cycle(_COLOURS)
        self._width = 0

    def add(self, names: list[str]) -> None:
        """Add sources; one that is there already stays as it is."""
        new = [name for name in names if name not in self._prefixes]
        self._width = max([self._width, *map(len, new)])
        for name in new:
            prefix = f"{name:<{self._width}} | "
            self._prefixes[name] = f"\x1b[{next(self._colours)}m{prefix}\x1b[0m" if COLOURED else prefix

    def __call__(self, name: str, line: str) -> None:
        """Print *line* of source *name*; may be called from any thread."""
        # One write per line: print() would write the line and its end separately, and threads would mix them.
        sys.stdout.write(f"{self._prefixes[name]}{line}\n")
        sys.stdout.flush()
