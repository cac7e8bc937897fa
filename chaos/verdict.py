"""Does what clients were told agree with what the databases say?"""

from collections import Counter, defaultdict
from collections.abc import Iterable

from chaos.journal import REFUSALS, Book, Entry
from chaos.scenarios.orders.databases import Truth

_LATER = {
    "confirmed": {"confirmed", "fulfilled", "cancelled"},
    "fulfilled": {"fulfilled"},
    "cancelled": {"cancelled"},
}
"""Status that was acknowledged -> those that the order may have afterwards."""


def compare(book: Book, truth: Truth) -> dict[str, list[str]]:
    """Give each rule with what breaks it; to be asked when all is quiet."""
    entries = book.entries
    return {
        "every acknowledged order is its key's order": [one.key for one in entries if not _is_kept(one, truth)],
        "no key has two answers": [one.key for one in entries if len(one.answers) > 1 or len(one.order_ids) > 1],
        "no order is without a key": sorted(truth.orders.keys() - truth.keys.values()),
        "an order has the status that was told, or a lawful later one": _wrong(entries, truth),
        "who was refused has no order": [one.key for one in entries if one.refusal and not _is_refused(one, truth)],
        "no product was sold more often than it was supplied": _oversold(entries, truth),
        "every acknowledged delivery is there, and none twice": _wrong_deliveries(book, truth),
        "every attempt had a last word": [one.key for one in entries if not one.answers],
        "nobody got an answer that makes no sense": book.strange,
    }


def compare_counts(told: dict[str, int], truth_statuses: Iterable[str]) -> list[str]:
    """Give the kinds of order events that analytics counts wrong in public."""
    expected = Counter(f"order.{status}" for status in truth_statuses)
    counted = {kind: number for kind, number in told.items() if kind.startswith("order.")}
    return sorted(kind for kind in expected.keys() | counted.keys() if expected[kind] != counted.get(kind, 0))


def _order_of(entry: Entry, truth: Truth) -> tuple[str, str]:
    return truth.orders.get(truth.keys.get(entry.key, ""), ("missing", ""))


def _is_kept(entry: Entry, truth: Truth) -> bool:
    return entry.order_ids <= {truth.keys.get(entry.key)} and (
        not entry.told or _order_of(entry, truth)[0] != "missing"
    )


def _wrong(entries: Iterable[Entry], truth: Truth) -> list[str]:
    return [f"{one.key} {one.told} {_order_of(one, truth)[0]}" for one in entries if one.told and not _fits(one, truth)]


def _fits(entry: Entry, truth: Truth) -> bool:
    """Whether the order has a status that follows from the last one told, and that somebody has asked for."""
    status, _ = _order_of(entry, truth)
    return status in _LATER[entry.told[-1]] and (status == "confirmed" or status in entry.asked)


def _is_refused(entry: Entry, truth: Truth) -> bool:
    status, cause = _order_of(entry, truth)
    assert entry.refusal
    return status == REFUSALS.get(entry.refusal) and (status != "rejected" or cause == entry.refusal)


def _oversold(entries: Iterable[Entry], truth: Truth) -> list[str]:
    """Add up what customers were told is theirs, and what nobody has asked to cancel."""
    sold: defaultdict[str, int] = defaultdict(int)
    for entry in entries:
        if entry.told and "cancelled" not in entry.asked:
            for product, units in entry.wanted.items():
                sold[product] += units
    return sorted(product for product, units in sold.items() if units > truth.supplied.get(product, 0))


def _wrong_deliveries(book: Book, truth: Truth) -> list[str]:
    lost = [one.reason for one in book.restocks if one.is_told and not truth.deliveries[one.reason]]
    return lost + [reason for reason, times in truth.deliveries.items() if times > 1]
