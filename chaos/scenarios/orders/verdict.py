"""The rules about orders: what was acknowledged must agree with what the databases have."""

from collections import Counter, defaultdict
from collections.abc import Iterable

from chaos.scenarios.orders.databases import Truth
from chaos.scenarios.orders.journal import REFUSALS, Attempt, OrderJournal

_LATER = {
    "confirmed": {"confirmed", "fulfilled", "cancelled"},
    "fulfilled": {"fulfilled"},
    "cancelled": {"cancelled"},
}
"""Acknowledged status -> the statuses that the order may have afterwards."""


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
