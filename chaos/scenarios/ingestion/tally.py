"""What events add up to: counted by hand in dictionaries, and as the service has counted it."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from chassis.mongodb.database import MotorDatabase

from analytics.counting.counts import DAY, MINUTE, Count, floor, quarter_of
from analytics.models import DAY_COUNTS, EVENTS, MINUTE_COUNTS, USER_DAYS
from chaos.scenarios.ingestion.events import Event

_CONFIRMED = "order.confirmed"


def _counts() -> defaultdict[str, Count]:
    return defaultdict(Count)


@dataclass(frozen=True, slots=True)
class Tally:
    """
    What there is, by names that can be printed.

    Attributes:
        stored: The ids of the events.
        minutes: Minute and type -> number and revenue.
        days: UTC day and type -> the same.
        quarters: UTC day, type and quarter hour -> the same.
        people: UTC day and person -> the types of what they did.
    """

    stored: set[str] = field(default_factory=set)
    minutes: defaultdict[str, Count] = field(default_factory=_counts)
    days: defaultdict[str, Count] = field(default_factory=_counts)
    quarters: defaultdict[str, Count] = field(default_factory=_counts)
    people: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))


def tally(events: Iterable[Event]) -> Tally:
    """Count events by hand; each id once."""
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
    """Read what the service has counted."""
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
