"""Events of visitors in the last 30 days, for the dashboard. Each day has the same events in every run."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid5

from chassis.dispatch.dispatcher import Dispatcher
from cli.demo.person import timed

DAYS = 30
BATCH_PATH = "/api/v1/analytics/events/batch"
PAGE_VIEWED = "page.viewed"
_MOST = 500
"""The largest number of events in a batch."""
_NEW_EACH_WEEK = 8
_ACTIVE = (0.6, 0.35, 0.25, 0.15, 0.1)
"""The share of a week's visitors who come on a day of that week, of the next one, and so on."""
_PAGES = ("/", "/teapots", "/cups", "/kettles", "/delivery")
_OURS = UUID("6f1c2f0e-5a0f-5d0c-9c58-0d4a3f0e7b11")


async def send_history(dispatcher: Dispatcher, now: datetime) -> int:
    """Send the events of the last days; those that were sent before are not counted again. Returns their number."""
    events = list(past_events(now))
    for start in range(0, len(events), _MOST):
        await send_events(dispatcher, events[start : start + _MOST])
    return len(events)


async def send_events(dispatcher: Dispatcher, events: list[dict[str, Any]]) -> None:
    """Send one batch of events, sealed."""
    sending = dispatcher.send("analytics", "POST", BATCH_PATH, json={"events": events})
    await timed(f"send {len(events)} events (sealed)", "analytics", f"POST {BATCH_PATH}", sending)


def past_events(now: datetime) -> Iterator[dict[str, Any]]:
    """Yield the events of the last ``DAYS`` days in UTC, today's until *now*."""
    today = now.astimezone(UTC).date()
    for ago in range(DAYS - 1, -1, -1):
        yield from (
            event for event in _day(today - timedelta(days=ago)) if datetime.fromisoformat(event["time"]) <= now
        )


def view(event_id: UUID, person: UUID | str, at: datetime, path: str) -> dict[str, Any]:
    """Return the event that a person has seen a page."""
    return _event(event_id, PAGE_VIEWED, person, at, path=path)


def _day(day: date) -> Iterator[dict[str, Any]]:
    chance = Random(day.toordinal())  # noqa: S311 - the same on every run
    number = 0
    for visitor in _visitors(day, chance):
        at = datetime.combine(day, time(chance.randrange(24)), UTC)  # analytics counts by minute: few are enough
        for kind in (*[PAGE_VIEWED] * chance.randint(1, 3), *_after_looking(chance)):
            number, at = number + 1, at + timedelta(seconds=chance.randint(1, 10))
            yield _event(uuid5(_OURS, f"{day} {number}"), kind, visitor, at, path=chance.choice(_PAGES))


def _after_looking(chance: Random) -> Iterator[str]:
    """Yield what a visitor does after looking at pages; each step needs the one before."""
    for kind, share in (("cart.filled", 0.4), ("checkout.begun", 0.5)):
        if chance.random() > share:
            return
        yield kind


def _visitors(day: date, chance: Random) -> Iterator[UUID]:
    week = day.toordinal() // 7
    for age, share in enumerate(_ACTIVE):
        for number in range(_NEW_EACH_WEEK):
            if chance.random() < share:
                yield uuid5(_OURS, f"visitor {number} of week {week - age}")


def _event(event_id: UUID, kind: str, person: UUID | str, at: datetime, **data: str) -> dict[str, Any]:
    about = {"id": str(event_id), "source": "/demo", "type": kind, "userid": str(person)}
    return {**about, "time": at.astimezone(UTC).isoformat(), "data": data}
