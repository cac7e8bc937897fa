from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from chaos.journal import Attempt, OrderJournal, Restock
from chaos.scenarios.orders.databases import Truth
from chaos.scenarios.orders.shop import Reply
from chaos.verdict import compare_counts, compare_orders

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
    """A key leads to another order than the one that was acknowledged."""
    truth.keys["k1"], truth.orders["o9"] = "o9", truth.orders.pop("o1")


def answer_twice(journal: OrderJournal, _truth: Truth) -> None:
    """A key got two different answers."""
    journal.attempts[0].record(Reply(201, {"id": "o1", "status": "confirmed"}, "another"))


def double_an_order(_journal: OrderJournal, truth: Truth) -> None:
    """There is an order that no key leads to."""
    truth.orders["o9"] = truth.orders["o1"]


def cancel_unasked(_journal: OrderJournal, truth: Truth) -> None:
    """An order was cancelled by nobody."""
    truth.orders["o1"] = ("cancelled", "cancelled_by_customer")


def revive(_journal: OrderJournal, truth: Truth) -> None:
    """A cancelled order stands again."""
    truth.orders["o2"] = ("confirmed", "stock_committed")


def fill_what_was_refused(_journal: OrderJournal, truth: Truth) -> None:
    """Somebody who was refused has an order."""
    truth.orders["o3"] = ("confirmed", "stock_committed")


def oversell(_journal: OrderJournal, truth: Truth) -> None:
    """More was sold than there ever was."""
    truth.supplied["cup"] = 1


def lose_a_restock(_journal: OrderJournal, truth: Truth) -> None:
    """An acknowledged restock is gone."""
    truth.restocks.clear()


def double_a_restock(_journal: OrderJournal, truth: Truth) -> None:
    """A restock was entered twice."""
    truth.restocks["Restock 0"] = 2


def leave_without_answer(journal: OrderJournal, _truth: Truth) -> None:
    """An attempt never had its final answer."""
    journal.attempts[0] = replace(journal.attempts[0], answers=set())


BREAKS: dict[Break, tuple[str, ...]] = {
    lose_an_order: ("every acknowledged order is its key's order", "an order has the status that was acknowledged"),
    give_a_key_another_order: ("every acknowledged order is its key's order",),
    answer_twice: ("no key has two answers",),
    double_an_order: ("no order is without a key",),
    cancel_unasked: ("an order has the status that was acknowledged",),
    revive: ("an order has the status that was acknowledged",),
    fill_what_was_refused: ("who was refused has no order",),
    oversell: ("no product was sold more often than it was supplied",),
    lose_a_restock: ("every acknowledged restock is there",),
    double_a_restock: ("every acknowledged restock is there",),
    leave_without_answer: ("every attempt had a final answer",),
}


def test_a_journal_that_agrees_breaks_no_rule() -> None:
    """Nothing differs where the databases have what was acknowledged to clients."""
    assert not any(compare_orders(journal(), truth()).values())


@pytest.mark.parametrize("change", BREAKS)
def test_what_differs_is_found_by_its_rule_alone(change: Break) -> None:
    """Each way to lose, double or oversell something breaks the rule that is there for it, and no other."""
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
    """A refusal for any other reason than the stock is unexpected."""
    assert not Attempt("k", 0, {}).record(Reply(422, {"code": "invalid_request"}, "d"))


def test_a_wrong_public_count_is_named() -> None:
    """What analytics counts too often or too rarely is named by its kind; what is no order's is left alone."""
    counts = {"order.confirmed": 2, "order.rejected": 1, "user.registered": 5}

    assert compare_counts(counts, ["confirmed", "confirmed", "cancelled"]) == ["order.cancelled", "order.rejected"]
