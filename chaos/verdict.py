"""The rules: what was acknowledged must agree with what the databases have, and no service may have failed."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from chaos.journal import REFUSALS, Attempt, EventJournal, OrderJournal
from chaos.scenarios.ingestion.events import Tally, tally
from chaos.scenarios.orders.databases import Truth

T = TypeVar("T")

_LATER = {
    "confirmed": {"confirmed", "fulfilled", "cancelled"},
    "fulfilled": {"fulfilled"},
    "cancelled": {"cancelled"},
}
"""Acknowledged status -> the statuses that the order may have afterwards."""
_BEGINNING = re.compile(r"\d{4}-\d\d-\d\dT\S+ \[(\w+) *\] |\[\d{4}-\d\d-\d\d [^]]*\] \[\d+\] \[(\w+)\] ")
"""The beginning of an entry, with its level: ours, or one of gunicorn's master before the application starts."""
_ERRORS = {"error", "critical"}
_CONSEQUENCES = ("was sent SIGKILL! Perhaps out of memory?",)
"""Known consequences of a kill: gunicorn's master logs this about a worker."""
_NO_END = (" ", "(Background on this error")
"""Beginnings of lines that are not the end of a traceback."""


def compare_orders(journal: OrderJournal, truth: Truth) -> dict[str, list[str]]:
    """Return each rule about orders with the entries that break it; to be called when the system is idle."""
    attempts = journal.attempts
    return {
        "every acknowledged order exists under its key": [one.key for one in attempts if not _is_kept(one, truth)],
        "no key has two answers": [one.key for one in attempts if len(one.answers) > 1 or len(one.order_ids) > 1],
        "every order has a key": sorted(truth.orders.keys() - truth.keys.values()),
        "an order has the acknowledged status, or a later one that was requested": _wrong(attempts, truth),
        "a refused client has no order": [one.key for one in attempts if one.refusal and not _is_refused(one, truth)],
        "no more units were sold than were supplied": _oversold(attempts, truth),
        "every acknowledged restock is in the ledger, and none twice": _wrong_restocks(journal, truth),
        "every attempt got a final answer": [one.key for one in attempts if not one.answers],
        "no answer was unexpected": journal.unexpected,
    }


def compare_counts(published: dict[str, int], statuses: Iterable[str]) -> list[str]:
    """Return the types of order events that analytics counts wrong in its public statistics."""
    expected = Counter(f"order.{status}" for status in statuses)
    counted = {kind: number for kind, number in published.items() if kind.startswith("order.")}
    return sorted(kind for kind in expected.keys() | counted.keys() if expected[kind] != counted.get(kind, 0))


def _order_of(attempt: Attempt, truth: Truth) -> tuple[str, str]:
    return truth.orders.get(truth.keys.get(attempt.key, ""), ("missing", ""))


def _is_kept(attempt: Attempt, truth: Truth) -> bool:
    return attempt.order_ids <= {truth.keys.get(attempt.key)} and (
        not attempt.acknowledged or _order_of(attempt, truth)[0] != "missing"
    )


def _wrong(attempts: Iterable[Attempt], truth: Truth) -> list[str]:
    return [
        f"{one.key} {one.acknowledged} {_order_of(one, truth)[0]}"
        for one in attempts
        if one.acknowledged and not _fits(one, truth)
    ]


def _fits(attempt: Attempt, truth: Truth) -> bool:
    """Return whether the order has a status that follows from the last acknowledged one, and that was requested."""
    status, _ = _order_of(attempt, truth)
    return status in _LATER[attempt.acknowledged[-1]] and (status == "confirmed" or status in attempt.requested)


def _is_refused(attempt: Attempt, truth: Truth) -> bool:
    status, cause = _order_of(attempt, truth)
    assert attempt.refusal
    return status == REFUSALS.get(attempt.refusal) and (status != "rejected" or cause == attempt.refusal)


def _oversold(attempts: Iterable[Attempt], truth: Truth) -> list[str]:
    """Return the products of which more was sold than supplied; a requested cancellation counts as unsold."""
    sold: defaultdict[str, int] = defaultdict(int)
    for attempt in attempts:
        if attempt.acknowledged and "cancelled" not in attempt.requested:
            for product, units in attempt.wanted.items():
                sold[product] += units
    return sorted(product for product, units in sold.items() if units > truth.supplied.get(product, 0))


def _wrong_restocks(journal: OrderJournal, truth: Truth) -> list[str]:
    lost = [one.reason for one in journal.restocks if one.is_acknowledged and not truth.restocks[one.reason]]
    return lost + [reason for reason, times in truth.restocks.items() if times > 1]


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
