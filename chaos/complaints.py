"""Errors in the logs of the services: what nobody has handled is a fault, though nothing was lost by it."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

_BEGINNING = re.compile(r"\d{4}-\d\d-\d\dT\S+ \[(\w+) *\] |\[\d{4}-\d\d-\d\d [^]]*\] \[\d+\] \[(\w+)\] ")
"""Of an entry with its level: ours, or one that gunicorn's master writes before there is an application."""
_ERRORS = {"error", "critical"}
_CONSEQUENCES = ("was sent SIGKILL! Perhaps out of memory?",)
"""What a kill is known to make: gunicorn's master says it of a worker."""
_NO_END = (" ", "(Background on this error")
"""How lines begin that do not say what a traceback ended with."""


def complaints(name: str, log: Path) -> list[str]:
    """Give each error in a log that is no known consequence of a kill, with the end of its traceback."""
    with log.open(encoding="utf-8", errors="replace") as lines:
        return [f"{name}: {one}" for one in errors(lines) if not any(known in one for known in _CONSEQUENCES)]


def errors(lines: Iterable[str]) -> Iterator[str]:
    """Give the entries of level error or critical: the first line, and the last of what follows it."""
    first = last = ""
    for line in map(str.rstrip, lines):
        # The last one: where a process was killed while it wrote, the next one's first entry goes on in its line.
        *_, beginning = None, *_BEGINNING.finditer(line)
        if not beginning:
            last = last if line.startswith(_NO_END) else line or last
            continue
        if first:
            yield _joined(first, last)
        is_error = (beginning[1] or beginning[2]).lower() in _ERRORS
        first, last = line[beginning.start() :] if is_error else "", ""
    if first:
        yield _joined(first, last)


def _joined(first: str, last: str) -> str:
    return f"{first} … {last}" if last else first
