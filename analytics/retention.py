"""How long events and the data derived from them are kept. Counts of days are kept for good."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from analytics.counting.counts import DAY, MINUTE, QUARTER, floor
from chassis.core.clock import utc_now

GRACE = timedelta(days=1)
"""
How long an event stays beyond its time.

An event that arrives at the last moment is counted together with the others of its minute, so these must still exist.
"""
MINUTES_KEPT = timedelta(days=400)
"""Counts of single minutes; after that, counts of quarter hours remain."""
PEOPLE_KEPT = timedelta(days=3660)
"""People's active days: as long as the widest range of a query."""
ERASURES_KEPT = timedelta(days=366)
"""Ids of erased people, for events that arrive late; and the record of the erasure."""


def by_minute_since(now: datetime) -> datetime:
    """Return the first minute whose count is kept separately."""
    return floor(now, DAY) - MINUTES_KEPT


def grain_at(moment: datetime) -> timedelta:
    """Return the unit in which events at a UTC moment are counted: a minute, or a quarter hour if it is long ago."""
    return MINUTE if moment >= by_minute_since(utc_now()) else QUARTER


@dataclass(frozen=True, slots=True)
class Retention:
    """
    How long events stored from now on are kept.

    Attributes:
        days: By type; other types are kept for good.
    """

    days: Mapping[str, int] = field(default_factory=dict)

    def expires_at(self, kind: str, occurred_at: datetime) -> datetime | None:
        """Return when an event expires; None if it does not."""
        return occurred_at + timedelta(days=self.days[kind]) + GRACE if kind in self.days else None

    def takes(self, kind: str, occurred_at: datetime) -> bool:
        """Whether an event is new enough to be stored."""
        return kind not in self.days or occurred_at + timedelta(days=self.days[kind]) > utc_now()
