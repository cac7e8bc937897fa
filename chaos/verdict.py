"""The rules: what was acknowledged must agree with what the databases have, and no service may have failed."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from chaos.journal import EventJournal
from chaos.scenarios.ingestion.events import Tally, tally

T = TypeVar("T")

_BEGINNING = re.compile(r"\d{4}-\d\d-\d\dT\S+ \[(\w+) *\] |\[\d{4}-\d\d-\d\d [^]]*\] \[\d+\] \[(\w+)\] ")
"""The beginning of an entry, with its level: ours, or one of gunicorn's master before the application starts."""
_ERRORS = {"error", "critical"}
_CONSEQUENCES = ("was sent SIGKILL! Perhaps out of memory?",)
"""Known consequences of a kill: gunicorn's master logs this about a worker."""
_NO_END = (" ", "(Background on this error")
"""Beginnings of lines that are not the end of a traceback."""


def compare_events(journal: EventJournal, found: Tally) -> dict[str, list[str]]:
    """Return each rule about events and counts with the entries that break it; to be called when the system is idle."""
    expected = tally(journal.events.values())
    return {
        **compare_ids(journal, found.stored),
        "minutes are counted exactly": _differ(expected.minutes, found.minutes),
        "quarter hours are counted exactly": _differ(expected.quarters, found.quarters),
        "days are counted exactly": _differ(expected.days, found.days),
        "people are recorded exactly": _differ(expected.people, found.people),
    }


def compare_ids(journal: EventJournal, stored: set[str]) -> dict[str, list[str]]:
    """Return each rule about the events themselves, with the entries that break it."""
    return {
        "every event was acknowledged in the end": sorted(journal.events.keys() - journal.acknowledged),
        "every acknowledged event is stored": sorted(journal.acknowledged - stored),
        "every stored event was sent": sorted(stored - journal.events.keys()),
        "no event was acknowledged as new twice": [event for event, times in journal.new.items() if times > 1],
        "no answer was unexpected": journal.unexpected,
    }


def _differ(expected: Mapping[str, T], found: Mapping[str, T]) -> list[str]:
    names = sorted(expected.keys() | found.keys())
    return [
        f"{name}: {expected.get(name)}, but found {found.get(name)}"
        for name in names
        if expected.get(name) != found.get(name)
    ]


def logged_errors(name: str, log: Path) -> list[str]:
    """
    Return each error in a service's log that is not a known consequence of a kill, with the end of its traceback.

    An unhandled error is a fault, even if nothing was lost by it.
    """
    with log.open(encoding="utf-8", errors="replace") as lines:
        return [f"{name}: {one}" for one in _errors(lines) if not any(known in one for known in _CONSEQUENCES)]


def _errors(lines: Iterable[str]) -> Iterator[str]:
    """Return the entries of level error or critical: the first line, and the last of what follows it."""
    first = last = ""
    for line in map(str.rstrip, lines):
        beginnings = list(_BEGINNING.finditer(line))
        if not beginnings:
            last = last if line.startswith(_NO_END) else line or last
            continue
        if first:
            yield _joined(first, last)
        beginning = beginnings[-1]  # a process killed while it writes leaves an unfinished line before the next entry
        is_error = (beginning[1] or beginning[2]).lower() in _ERRORS
        first, last = line[beginning.start() :] if is_error else "", ""
    if first:
        yield _joined(first, last)


def _joined(first: str, last: str) -> str:
    return f"{first} … {last}" if last else first
