"""The events of `make demo` for the dashboard."""

from datetime import UTC, datetime, timedelta

from cli.demo.history import DAYS, PAGE_VIEWED, past_events

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)


def test_a_second_demo_sends_the_same_events() -> None:
    """Events have the same ids and times in each run, also a day later; none is in the future."""
    first, again = list(past_events(NOW)), list(past_events(NOW))
    later = list(past_events(NOW + timedelta(days=1)))

    assert first == again
    assert len({event["id"] for event in first}) == len(first)
    assert max(event["time"] for event in first) <= NOW.isoformat()
    known = {event["id"]: event for event in first}
    assert [known[event["id"]] for event in later if event["id"] in known] == [
        event for event in later if event["id"] in known
    ]


def test_every_day_has_visits_and_people_come_back() -> None:
    """Each of the last 30 days has visits, and most visitors of the first day are seen in a later week too."""
    days: dict[str, set[str]] = {}
    for event in past_events(NOW):
        if event["type"] == PAGE_VIEWED:
            days.setdefault(event["time"][:10], set()).add(event["userid"])
    (
        first,
        *_,
    ) = days.values()

    assert len(days) == DAYS
    assert len(first & set().union(*list(days.values())[7:])) > len(first) / 2
