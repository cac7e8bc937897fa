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

    def __init__(self, names: list[str]) -> None:
        """*names*: the names of all sources."""
        width = max(map(len, names))
        self._prefixes = {name: f"{name:<{width}} | " for name in names}
        if COLOURED:
            for colour, name in zip(cycle(_COLOURS), names, strict=False):
                self._prefixes[name] = f"\x1b[{colour}m{self._prefixes[name]}\x1b[0m"

    def __call__(self, name: str, line: str) -> None:
        """Print *line* of source *name*; may be called from any thread."""
        # One write per line: print() would write the line and its end separately, and threads would mix them.
        sys.stdout.write(f"{self._prefixes[name]}{line}\n")
        sys.stdout.flush()
