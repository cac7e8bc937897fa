"""Events to be sent: of now, late ones, and ones at the edges of days and quarter hours."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from analytics.counting.counts import DAY, floor

Event = dict[str, Any]
"""A CloudEvent in JSON."""

ORDER, CLIENT = "order", "client"
"""Who tells of them: the order service, or clients."""

TYPES = {
    ORDER: ("order.confirmed", "order.confirmed", "order.cancelled", "order.fulfilled"),
    CLIENT: ("page.viewed", "page.viewed", "cart.added", "search.made"),
}
_SOURCES = {ORDER: "/services/order", CLIENT: "/clients"}
_CURRENCIES = ("EUR", "EUR", "CHF", "USD")
_PEOPLE = 40
_LATE, _EDGE = 0.25, 0.15
"""Shares of the events that happened up to an hour ago, and long ago at the edge of a day or a quarter hour."""
_DAYS = 12
_EDGES = (timedelta(), timedelta(hours=5, minutes=45), timedelta(hours=18, minutes=15))
"""Of each of the last days: few, as each is counted alone."""
_BESIDE = (timedelta(milliseconds=-1), timedelta(), timedelta(milliseconds=1))


def make_events(random: Random, teller: str, count: int) -> list[Event]:
    """Make new events."""
    return [_event(random, teller) for _ in range(count)]


def mix(random: Random, *parts: Sequence[Event]) -> list[Event]:
    """Put events together in any order, each once."""
    events = list({event["id"]: event for part in parts for event in part}.values())
    random.shuffle(events)
    return events


def _event(random: Random, teller: str) -> Event:
    kind = random.choice(TYPES[teller])
    is_somebodys = random.random() < 0.8  # noqa: PLR2004
    return {
        "specversion": "1.0",
        "id": str(UUID(int=random.getrandbits(128), version=4)),
        "source": _SOURCES[teller],
        "type": kind,
        "time": _moment(random).isoformat(),
        "userid": str(UUID(int=random.randrange(_PEOPLE) + 1, version=4)) if is_somebodys else None,
        "data": _order(random) if teller == ORDER else {"path": "/pricing", "n": random.randrange(9)},
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
