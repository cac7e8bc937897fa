"""The figures of the gateway's benchmark, which is not run here."""

import math

import pytest

from benchmarks.scenarios.gateway.peer import compose
from benchmarks.scenarios.gateway.reader import NotRead, page_of
from benchmarks.scenarios.gateway.subscriptions import Held


def held(changes: int, *delays_s: float) -> Held:
    """Return the figures of a run in which changes arrived after these times, or not at all."""
    return Held(1_000, 50.0, 20.0, 0.0, 0.0, changes, delays_s)


def test_a_change_that_did_not_arrive_is_late() -> None:
    """It counts in the percentiles, as infinitely late."""
    assert held(3, 0.01, 0.02, 0.03).delay_ms(99) == pytest.approx(30)
    assert held(4, 0.01, 0.02, 0.03).delay_ms(50) == pytest.approx(20)
    assert held(4, 0.01, 0.02, 0.03).delay_ms(99) == math.inf
    assert held(1).delay_ms(50) == math.inf


@pytest.mark.parametrize(
    ("status", "answer"), [(200, b'{"data": {"me": null}, "errors": [{}]}'), (294, b'{"data": {}}'), (503, b"{}")]
)
def test_a_page_without_a_part_is_none(status: int, answer: bytes) -> None:
    """So a side that answers faster with less fails."""
    with pytest.raises(NotRead):
        page_of(status, answer)


def test_the_page_composed_by_hand_has_the_products_of_its_lines() -> None:
    """Null for one that was deleted, as in GraphQL."""
    line = {"quantity": 1, "unit_price": 2.5}
    order = {
        "id": "o",
        "status": "confirmed",
        "total_price": 5.0,
        "currency": "EUR",
        "created_at": "2026-11-27T10:00:00Z",
        "items": [{**line, "product_id": "p"}, {**line, "product_id": "gone"}],
    }

    pot = {"id": "p", "name": "Pot"}

    page = compose({"id": "u", "username": "ada"}, {"items": [order], "next_cursor": "c"}, {"p": pot})

    assert page["orders"]["pageInfo"] == {"endCursor": "c", "hasNextPage": True}
    (edge,) = page["orders"]["edges"]
    assert [one["product"] for one in edge["node"]["lines"]] == [pot, None]
