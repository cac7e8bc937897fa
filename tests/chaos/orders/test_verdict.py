from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from chaos.scenarios.orders.databases import Truth
from chaos.scenarios.orders.journal import Attempt, OrderJournal, Restock
from chaos.scenarios.orders.shop import Reply
from chaos.scenarios.orders.verdict import compare_counts, compare_orders

Break = Callable[[OrderJournal, Truth], None]


def journal() -> OrderJournal:
    """An order that stands, one that was cancelled, one that was refused, and a restock."""
    stands, cancelled, refused = (Attempt(key, 0, {"cup": 2}) for key in ("k1", "k2", "k3"))
    stands.record(Reply(201, {"id": "o1", "status": "confirmed"}, "d1"))
    cancelled.record(Reply(201, {"id": "o2", "status": "confirmed"}, "d2"))
    cancelled.requested.add("cancelled")
    cancelled.acknowledged.append("cancelled")
    refused.record(Reply(409, {"code": "insufficient_stock"}, "d3"))
    return OrderJournal([stands, cancelled, refused], [Restock("Restock 0", "cup", 1, is_acknowledged=True)])


def truth() -> Truth:
    """The databases that agree with it."""
    return Truth(
        keys={"k1": "o1", "k2": "o2", "k3": "o3"},
        orders={
            "o1": ("confirmed", "stock_committed"),
            "o2": ("cancelled", "cancelled_by_customer"),
            "o3": ("rejected", "insufficient_stock"),
        },
        supplied={"cup": 3},
        restocks=Counter({"Restock 0": 1}),
    )


def lose_an_order(_journal: OrderJournal, truth: Truth) -> None:
    """An acknowledged order is gone."""
    del truth.orders["o1"]


def give_a_key_another_order(_journal: OrderJournal, truth: Truth) -> None:
    """A key leads to another order than the acknowledged one."""
    truth.keys["k1"], truth.orders["o9"] = "o9", truth.orders.pop("o1")


def answer_twice(journal: OrderJournal, _truth: Truth) -> None:
    """A key got two different answers."""
    journal.attempts[0].record(Reply(201, {"id": "o1", "status": "confirmed"}, "another"))


def double_an_order(_journal: OrderJournal, truth: Truth) -> None:
    """An order exists that no key leads to."""
    truth.orders["o9"] = truth.orders["o1"]


def cancel_unasked(_journal: OrderJournal, truth: Truth) -> None:
    """An order was cancelled without a request."""
    truth.orders["o1"] = ("cancelled", "cancelled_by_customer")


def revive(_journal: OrderJournal, truth: Truth) -> None:
    """A cancelled order stands again."""
    truth.orders["o2"] = ("confirmed", "stock_committed")


def fill_what_was_refused(_journal: OrderJournal, truth: Truth) -> None:
    """A refused attempt has an order."""
    truth.orders["o3"] = ("confirmed", "stock_committed")


def oversell(_journal: OrderJournal, truth: Truth) -> None:
    """More was sold than was ever supplied."""
    truth.supplied["cup"] = 1


def lose_a_restock(_journal: OrderJournal, truth: Truth) -> None:
    """An acknowledged restock is gone."""
    truth.restocks.clear()


def double_a_restock(_journal: OrderJournal, truth: Truth) -> None:
    """A restock was entered twice."""
    truth.restocks["Restock 0"] = 2


def leave_without_answer(journal: OrderJournal, _truth: Truth) -> None:
    """An attempt never got its final answer."""
    journal.attempts[0] = replace(journal.attempts[0], answers=set())


BREAKS: dict[Break, tuple[str, ...]] = {
    lose_an_order: ("every acknowledged order exists under its key", "an order has the acknowledged status"),
    give_a_key_another_order: ("every acknowledged order exists under its key",),
    answer_twice: ("no key has two answers",),
    double_an_order: ("every order has a key",),
    cancel_unasked: ("an order has the acknowledged status",),
    revive: ("an order has the acknowledged status",),
    fill_what_was_refused: ("a refused client has no order",),
    oversell: ("no more units were sold than were supplied",),
    lose_a_restock: ("every acknowledged restock is in the ledger",),
    double_a_restock: ("every acknowledged restock is in the ledger",),
    leave_without_answer: ("every attempt got a final answer",),
}


def test_a_journal_that_agrees_breaks_no_rule() -> None:
    """No rule is broken if the databases have what clients were acknowledged."""
    assert not any(compare_orders(journal(), truth()).values())


@pytest.mark.parametrize("change", BREAKS)
def test_what_differs_is_found_by_its_rule_alone(change: Break) -> None:
    """Each way to lose, double or oversell something breaks its own rule, and no other."""
    kept, stored = journal(), truth()

    change(kept, stored)

    broken = [rule for rule, ids in compare_orders(kept, stored).items() if ids]
    assert len(broken) == len(BREAKS[change])
    assert all(rule.startswith(expected) for rule, expected in zip(broken, BREAKS[change], strict=True))


def test_the_same_answer_again_is_no_second_answer() -> None:
    """A replay with the same bytes changes nothing in the journal."""
    kept = journal()

    kept.attempts[0].record(Reply(201, {"id": "o1", "status": "confirmed"}, "d1"))

    assert kept == journal()


def test_an_unexpected_answer_is_reported() -> None:
    """A refusal for any reason but the stock is unexpected."""
    assert not Attempt("k", 0, {}).record(Reply(422, {"code": "invalid_request"}, "d"))


def test_a_wrong_public_count_is_named() -> None:
    """A wrong count of order events is named by its type; other events are ignored."""
    counts = {"order.confirmed": 2, "order.rejected": 1, "user.registered": 5}

    assert compare_counts(counts, ["confirmed", "confirmed", "cancelled"]) == ["order.cancelled", "order.rejected"]
