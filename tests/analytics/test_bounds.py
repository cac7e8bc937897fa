from datetime import timedelta

import pytest

from analytics.queries import reading, refuse_too_many
from chassis.mongodb.database import MotorDatabase
from tests.analytics.asking import Ask, count
from tests.analytics.counting import NOON, event

DAY = {"since": "2026-11-20T00:00Z", "to": "2026-11-21T00:00Z"}
READING = [
    ("timeseries", {"by": "path"}),
    ("timeseries", {"property": "path:/"}),
    ("top", {"property": "path"}),
    ("products/top", {}),
    ("funnel", {"step": ["order.confirmed", "b"]}),
    ("export", {}),
]
"""Queries that read events."""


@pytest.fixture
async def three_too_many(database: MotorDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three events, of which two may be read."""
    monkeypatch.setattr(refuse_too_many, "MOST_EVENTS", 2)
    events = [event(NOON + timedelta(minutes=n), "order.confirmed", user_id=who) for n, who in enumerate("aab")]
    await count(database, *events)


@pytest.mark.parametrize(("question", "values"), READING)
async def test_too_many_events_are_refused(
    three_too_many: None, ask: Ask, question: str, values: dict[str, str]
) -> None:
    """The query is refused before any event is read; the message says what to narrow."""
    assert await ask.refusal(question, **DAY, **values) == (422, "too_many_events")
    assert "`from` and `to`" in (await ask.response(question, **DAY, **values)).json()["detail"]


async def test_what_is_narrower_is_answered(three_too_many: None, ask: Ask) -> None:
    """A query of another day, another type or one person has fewer events and is answered."""
    other_day = {"since": "2026-11-19T00:00Z", "to": "2026-11-20T00:00Z"}

    assert (await ask("top", property="path", **other_day))["items"] == []
    assert (await ask("top", property="path", type="other", **DAY))["items"] == []
    assert (await ask("top", property="path", user_id="a", **DAY))["items"] == []


async def test_what_is_counted_has_no_bound(three_too_many: None, ask: Ask) -> None:
    """For queries of stored counts the number of events does not matter."""
    assert (await ask("timeseries", by="type", **DAY))["series"] == [{"name": "order.confirmed", "counts": [3]}]
    assert (await ask("stats", **DAY))["total"] == 3


async def test_one_person_with_too_many_events_is_refused(
    three_too_many: None, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person's events are counted in their index."""
    monkeypatch.setattr(refuse_too_many, "MOST_EVENTS", 1)

    assert await ask.refusal("top", property="path", user_id="a", **DAY) == (422, "too_many_events")


@pytest.mark.parametrize(("question", "values"), [*READING[:-1], ("users/unique", {}), ("retention", {})])
async def test_what_takes_too_long_is_refused(
    database: MotorDatabase, ask: Ask, monkeypatch: pytest.MonkeyPatch, question: str, values: dict[str, str]
) -> None:
    """The database stops in time; that is a 5xx, and the message says what helps."""
    monkeypatch.setattr(reading, "LONGEST_READ_S", 0.000_001)
    times = {} if question == "retention" else DAY

    assert await ask.refusal(question, **times, **values) == (503, "too_slow")
