from collections.abc import Callable
from typing import Any

import pytest

from analytics.counting.counts import Count
from chaos.journal import EventJournal
from chaos.scenarios.ingestion.events import Tally, tally
from chaos.verdict import compare_events

Break = Callable[[EventJournal, Tally], object]

ADA, ORDER, VIEW = "ada", "2026-11-20T23:59 order.confirmed", "2026-11-21T00:00 page.viewed"
EVENTS: list[dict[str, Any]] = [
    {"id": "e1", "type": "page.viewed", "time": "2026-11-21T00:00:00+00:00", "userid": ADA, "data": {}},
    {"id": "e2", "type": "page.viewed", "time": "2026-11-21T00:00:59.999+00:00", "userid": None, "data": {}},
    {
        "id": "e3",
        "type": "order.confirmed",
        "time": "2026-11-20T23:59:59.999+00:00",
        "userid": ADA,
        "data": {"currency": "EUR", "total_price_minor": 1999},
    },
]


def journal() -> EventJournal:
    """Three events, of which one was sent twice."""
    sent = EventJournal({event["id"]: event for event in EVENTS})
    sent.record(EVENTS, {"e1": "accepted", "e2": "inserted", "e3": "accepted"})
    sent.record(EVENTS[:1], {"e1": "duplicate"})
    return sent


def test_events_are_tallied_by_minute_quarter_day_and_person() -> None:
    """Each id counts once, however often it is sent."""
    counted = tally([*EVENTS, *EVENTS])

    assert counted.stored == {"e1", "e2", "e3"}
    assert counted.minutes == {VIEW: Count(2), ORDER: Count(1, {"EUR": 1999})}
    assert counted.quarters == {
        "2026-11-21T00:00 page.viewed 0": Count(2),
        "2026-11-20T00:00 order.confirmed 95": Count(1, {"EUR": 1999}),
    }
    assert counted.days == {VIEW: Count(2), "2026-11-20T00:00 order.confirmed": Count(1, {"EUR": 1999})}
    assert counted.people == {"2026-11-21T00:00 ada": {"page.viewed"}, "2026-11-20T00:00 ada": {"order.confirmed"}}


def test_what_agrees_breaks_no_rule() -> None:
    """A repeated event makes no difference."""
    assert not any(compare_events(journal(), tally(EVENTS)).values())


@pytest.mark.parametrize(
    ("break_it", "rule"),
    [
        (lambda sent, _: sent.acknowledged.discard("e1"), "every event was acknowledged in the end"),
        (lambda _, found: found.stored.discard("e1"), "every acknowledged event is stored"),
        (lambda _, found: found.stored.add("e9"), "every stored event was sent"),
        (lambda sent, _: sent.record(EVENTS[:1], {"e1": "accepted"}), "no event was acknowledged as new twice"),
        (lambda sent, _: sent.record(EVENTS[:1], {"e1": "refused"}), "no answer was unexpected"),
        (lambda sent, _: sent.record(EVENTS[:1], {}), "no answer was unexpected"),
        (lambda _, found: found.minutes[VIEW].add(1, {}), "minutes are counted exactly"),
        (lambda _, found: found.minutes[ORDER].add(0, {"EUR": 1}), "minutes are counted exactly"),
        (lambda _, found: found.quarters.popitem(), "quarter hours are counted exactly"),
        (lambda _, found: found.days[VIEW].add(-1, {}), "days are counted exactly"),
        (lambda _, found: found.people["2026-11-21T00:00 ada"].add("cart.added"), "people are recorded exactly"),
    ],
    ids=[
        "never acknowledged",
        "lost",
        "foreign",
        "new twice",
        "refused",
        "not answered",
        "counted twice",
        "revenue",
        "quarter missing",
        "day short",
        "person",
    ],
)
def test_what_differs_breaks_its_rule_and_no_other(break_it: Break, rule: str) -> None:
    """Each fault is found by its rule."""
    sent, found = journal(), tally(EVENTS)

    break_it(sent, found)

    assert [name for name, breaches in compare_events(sent, found).items() if breaches] == [rule]
