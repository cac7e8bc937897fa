"""The events to send (present ones, late ones, at the edges of days and quarter hours), and their expected counts."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from analytics.counting.counts import DAY, MINUTE, Count, floor, quarter_of
from analytics.models import DAY_COUNTS, EVENTS, MINUTE_COUNTS, USER_DAYS
from chassis.mongodb.database import MotorDatabase

Event = dict[str, Any]
"""A CloudEvent in JSON."""

ORDER, CLIENT = "order", "client"
"""The publishers of events: the order service, or clients."""

TYPES = {
    ORDER: ("order.confirmed", "order.confirmed", "order.cancelled", "order.fulfilled"),
    CLIENT: ("page.viewed", "page.viewed", "cart.added", "search.made"),
}
_CONFIRMED = "order.confirmed"
_SOURCES = {ORDER: "/services/order", CLIENT: "/clients"}
_CURRENCIES = ("EUR", "EUR", "CHF", "USD")
_PEOPLE = 40
_LATE, _EDGE = 0.25, 0.15
"""Shares of the events that happened up to an hour ago, and long ago at the edge of a day or a quarter hour."""
_DAYS = 12
_EDGES = (timedelta(), timedelta(hours=5, minutes=45), timedelta(hours=18, minutes=15))
"""Times in each of the last days: few, as each is counted separately."""
_BESIDE = (timedelta(milliseconds=-1), timedelta(), timedelta(milliseconds=1))


def make_events(random: Random, publisher: str, count: int) -> list[Event]:
    """Make new events."""
    return [_event(random, publisher) for _ in range(count)]


def mix(random: Random, *parts: Sequence[Event]) -> list[Event]:
    """Return events in random order, each once."""
    events = list({event["id"]: event for part in parts for event in part}.values())
    random.shuffle(events)
    return events


def _event(random: Random, publisher: str) -> Event:
    kind = random.choice(TYPES[publisher])
    has_user = random.random() < 0.8  # noqa: PLR2004
    return {
        "specversion": "1.0",
        "id": str(UUID(int=random.getrandbits(128), version=4)),
        "source": _SOURCES[publisher],
        "type": kind,
        "time": _moment(random).isoformat(),
        "userid": str(UUID(int=random.randrange(_PEOPLE) + 1, version=4)) if has_user else None,
        "data": _order(random) if publisher == ORDER else {"path": "/pricing", "n": random.randrange(9)},
    }


def _moment(random: Random) -> datetime:
    now, share = datetime.now(UTC), random.random()
    if share < _EDGE:
        return floor(now, DAY) - random.randint(1, _DAYS) * DAY + random.choice(_EDGES) + random.choice(_BESIDE)
    return now - timedelta(seconds=random.uniform(0, 3600 if share < _EDGE + _LATE else 1))


def _order(random: Random) -> dict[str, Any]:
    minor, quantity = random.randrange(1, 50_000), random.randint(1, 3)
    item = {"product_id": str(UUID(int=random.randrange(9) + 1, version=4)), "quantity": quantity}
    total, currency = minor * quantity, random.choice(_CURRENCIES)
    return {"items": [{**item, "unit_price_minor": minor}], "total_price_minor": total, "currency": currency}


def _counts() -> defaultdict[str, Count]:
    return defaultdict(Count)


@dataclass(frozen=True, slots=True)
class Tally:
    """
    The counts of events, by printable names.

    Attributes:
        stored: The ids of the events.
        minutes: Minute and type -> number and revenue.
        days: UTC day and type -> the same.
        quarters: UTC day, type and quarter hour -> the same.
        people: UTC day and person -> the types of their events.
    """

    stored: set[str] = field(default_factory=set)
    minutes: defaultdict[str, Count] = field(default_factory=_counts)
    days: defaultdict[str, Count] = field(default_factory=_counts)
    quarters: defaultdict[str, Count] = field(default_factory=_counts)
    people: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))


def tally(events: Iterable[Event]) -> Tally:
    """Count events in Python; each id once."""
    counted = Tally()
    for event in {event["id"]: event for event in events}.values():
        at, kind = datetime.fromisoformat(event["time"]), event["type"]
        day, data = floor(at, DAY), event["data"]
        revenue = {data["currency"]: data["total_price_minor"]} if kind == _CONFIRMED else {}
        counted.stored.add(event["id"])
        counted.minutes[_name(floor(at, MINUTE), kind)].add(1, revenue)
        counted.days[_name(day, kind)].add(1, revenue)
        counted.quarters[_name(day, kind, quarter_of(at))].add(1, revenue)
        if event["userid"]:
            counted.people[_name(day, event["userid"])].add(kind)
    return counted


async def read_tally(database: MotorDatabase) -> Tally:
    """Read the service's counts."""
    read = Tally()
    async for row in database[EVENTS].find({}, {"_id": 1}):
        read.stored.add(row["_id"])
    async for row in database[MINUTE_COUNTS].find():
        _add(read.minutes[_name(row["minute"], row["type"])], row)
    async for row in database[DAY_COUNTS].find():
        _add(read.days[_name(row["day"], row["type"])], row)
        for quarter, one in row["quarters"].items():
            _add(read.quarters[_name(row["day"], row["type"], quarter)], one)
    async for row in database[USER_DAYS].find():
        read.people[_name(row["day"], row["user_id"])].update(row["types"])
    return read


def _add(count: Count, row: dict[str, Any]) -> None:
    count.add(row["count"], row.get("revenue", {}))


def _name(at: datetime, *more: str) -> str:
    return " ".join((f"{at:%Y-%m-%dT%H:%M}", *more))
