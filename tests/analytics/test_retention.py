from datetime import datetime, timedelta

import pytest

from analytics.retention import GRACE, MINUTES_KEPT, Retention, by_minute_since, grain_at
from chassis.core.clock import utc_now
from tests.analytics.counting import NOON

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
KEPT = Retention({"page.viewed": 30})


def test_an_event_expires_a_day_after_its_time_is_up() -> None:
    """Events of a type without retention never expire."""
    assert KEPT.expires_at("page.viewed", NOON) == NOON + 30 * DAY + GRACE
    assert KEPT.expires_at("order.confirmed", NOON) is None


@pytest.mark.parametrize(
    ("kind", "age", "taken"),
    [
        ("page.viewed", timedelta(), True),
        ("page.viewed", 30 * DAY - MINUTE, True),
        ("page.viewed", 30 * DAY + MINUTE, False),
        ("order.confirmed", 3000 * DAY, True),
    ],
)
def test_an_event_whose_time_is_up_is_not_taken(kind: str, age: timedelta, *, taken: bool) -> None:
    """An event that would be deleted within a day is refused."""
    assert KEPT.takes(kind, utc_now() - age) is taken


def test_the_grain_changes_at_midnight(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first minute within the limit is counted as a minute, the minute before it as part of a quarter hour."""
    first = datetime(2026, 3, 1, tzinfo=NOON.tzinfo)
    monkeypatch.setattr("analytics.retention.utc_now", lambda: first + MINUTES_KEPT + 23 * 60 * MINUTE)

    assert by_minute_since(first + MINUTES_KEPT + 5 * MINUTE) == first
    assert (grain_at(first), grain_at(first - MINUTE)) == (MINUTE, 15 * MINUTE)
