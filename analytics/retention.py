"""How long events, and what is made of them, are kept. Counts of days stay for good."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from analytics.counting.counts import DAY, MINUTE, QUARTER, floor
from chassis.core.clock import utc_now

GRACE = timedelta(days=1)
"""
For so long after its time an event stays all the same.

One that arrives at the last moment is counted together with the others of its minute, so these must be there still.
"""
MINUTES_KEPT = timedelta(days=400)
"""Counts of single minutes; after that there are those of quarter hours."""
PEOPLE_KEPT = timedelta(days=3660)
"""Who did what on which day: as long as the widest range that is answered."""
ERASURES_KEPT = timedelta(days=366)
"""Whom events that arrive must not name; and the receipt of it."""


def by_minute_since(now: datetime) -> datetime:
    """Return the first minute of which counts are kept apart."""
    return floor(now, DAY) - MINUTES_KEPT


def grain_at(moment: datetime) -> timedelta:
    """Return the unit by which events of a UTC moment are counted: a minute, or, long ago, a quarter hour."""
    return MINUTE if moment >= by_minute_since(utc_now()) else QUARTER


@dataclass(frozen=True, slots=True)
class Retention:
    """
    How long events are kept that are stored from now on.

    Attributes:
        days: By type; those of other types are kept for good.
    """

    days: Mapping[str, int] = field(default_factory=dict)

    def expires_at(self, kind: str, occurred_at: datetime) -> datetime | None:
        """Return when an event is to be deleted."""
        return occurred_at + timedelta(days=self.days[kind]) + GRACE if kind in self.days else None

    def takes(self, kind: str, occurred_at: datetime) -> bool:
        """Whether an event is new enough to be taken in."""
        return kind not in self.days or occurred_at + timedelta(days=self.days[kind]) > utc_now()
