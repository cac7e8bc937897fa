"""Does what was sent agree with what is stored and counted?"""

from collections.abc import Mapping
from typing import TypeVar

from chaos.scenarios.ingestion.senders import Book
from chaos.scenarios.ingestion.tally import Tally, tally

T = TypeVar("T")


def compare(book: Book, found: Tally) -> dict[str, list[str]]:
    """Give each rule with what breaks it; to be asked when all is quiet."""
    expected = tally(book.events.values())
    return {
        **compare_ids(book, found.stored),
        "minutes are counted exactly": _differ(expected.minutes, found.minutes),
        "quarter hours are counted exactly": _differ(expected.quarters, found.quarters),
        "days are counted exactly": _differ(expected.days, found.days),
        "people are noted exactly": _differ(expected.people, found.people),
    }


def compare_ids(book: Book, stored: set[str]) -> dict[str, list[str]]:
    """Give each rule about the events themselves, with what breaks it."""
    return {
        "every event was acknowledged in the end": sorted(book.events.keys() - book.acknowledged),
        "every acknowledged event is stored": sorted(book.acknowledged - stored),
        "nothing is stored that nobody sent": sorted(stored - book.events.keys()),
        "no event was new twice": [event for event, times in book.new.items() if times > 1],
        "nobody got an answer that makes no sense": book.strange,
    }


def _differ(expected: Mapping[str, T], found: Mapping[str, T]) -> list[str]:
    names = sorted(expected.keys() | found.keys())
    return [
        f"{name}: {expected.get(name)}, but found {found.get(name)}"
        for name in names
        if expected.get(name) != found.get(name)
    ]
